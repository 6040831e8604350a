/// Keeps the order of what is sent to a slot, also when its server sends some of it elsewhere: decides, and sends nothing
/// itself.
///
/// While all goes well commands follow each other without waiting. When one is redirected, everything behind it waits until
/// what is on its way has its answers; then the first one is tried alone, and when it has gone through, the others follow.
struct SlotLanes<Job> {
    enum Action {
        case nothing
        /// Send this one alone, where and when it was redirected to.
        case retry(Job)
        /// Send these, in order.
        case send([Job])
    }

    private struct Lane {
        var inFlight = 0
        /// Redirected, in the order in which they were sent.
        var redirected: [Job] = []
        /// Came after those.
        var waiting: [Job] = []
        var isBlocked = false
        /// The one that is on its way was redirected before, and is alone.
        var wasTried = false

        mutating func takeAll() -> [Job] {
            defer { (redirected, waiting) = ([], []) }
            return redirected + waiting
        }

        mutating func tryFirst() -> Action {
            var jobs = takeAll()
            guard !jobs.isEmpty else {
                isBlocked = false
                return .nothing
            }
            let first = jobs.removeFirst()
            redirected = jobs
            wasTried = true
            inFlight = 1
            return .retry(first)
        }
    }

    private var lanes: [Int: Lane] = [:]

    /// Nothing is on its way or waits.
    var isEmpty: Bool { lanes.isEmpty }

    /// - Returns: true if the job is to be sent now; then ``answered(_:)`` or ``redirected(_:_:)`` must follow.
    mutating func submit(_ job: Job, slot: Int) -> Bool {
        guard lanes[slot]?.isBlocked == true else {
            lanes[slot, default: Lane()].inFlight += 1
            return true
        }
        lanes[slot]?.waiting.append(job)
        return false
    }

    /// A job has its answer, or has failed for good.
    mutating func answered(_ slot: Int) -> Action {
        guard var lane = lanes[slot] else { return .nothing }
        lane.inFlight -= 1
        defer { lanes[slot] = lane.inFlight == 0 && !lane.isBlocked ? nil : lane }
        guard lane.inFlight == 0, lane.isBlocked else { return .nothing }
        // The last of those that were on their way when it was blocked, or the one that was tried alone.
        if lane.wasTried {
            let jobs = lane.takeAll()
            lane.isBlocked = false
            lane.wasTried = false
            lane.inFlight = jobs.count
            return jobs.isEmpty ? .nothing : .send(jobs)
        }
        return lane.tryFirst()
    }

    /// A job was sent elsewhere, or put off.
    mutating func redirected(_ job: Job, slot: Int) -> Action {
        guard var lane = lanes[slot] else { return .nothing }
        defer { lanes[slot] = lane }
        lane.inFlight -= 1
        if lane.wasTried {
            lane.redirected.insert(job, at: 0)
            lane.wasTried = false
        } else {
            lane.redirected.append(job)
        }
        lane.isBlocked = true
        return lane.inFlight == 0 ? lane.tryFirst() : .nothing
    }
}
