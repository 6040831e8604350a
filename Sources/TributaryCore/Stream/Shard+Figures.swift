import NIOCore
import TributaryProtocol

/// What an event loop says of its streams. On its event loop.
extension Shard {
    struct Figures: Sendable {
        var open = 0
        var slow = 0
        /// Once for each project that they read; told apart off the loop, because there may be tens of thousands.
        var users: [UserID] = []
        var projects: Set<ProjectID> = []
        var streamsByChannel: [Int] = []
        var counters = StreamCounters()
        var tailBytes = 0
        var measurements = ShardMeasurements()
        var lag = LoopLag()
    }

    /// The figures of this event loop; with `project` those that are kept per project are narrowed to it.
    ///
    /// - Parameter naming: with who and where: the only figures that take longer the more streams there are.
    func figures(project: ProjectID?, naming: Bool = true) -> Figures {
        var figures = Figures()
        figures.measurements = measurements
        figures.lag = lag
        if let project {
            let stream = projects[project]
            figures.open = stream?.map.count ?? 0
            figures.streamsByChannel = (0..<frames.channelCount).map { stream?.map.count(of: $0) ?? 0 }
            figures.counters = stream?.counters ?? StreamCounters()
            figures.tailBytes = stream?.tail.byteCount ?? 0
            figures.slow = slow.values.count { $0.project == project }
        } else {
            figures.open = openCount
            figures.streamsByChannel = totals.streamsByChannel
            figures.counters = totals.counters
            figures.tailBytes = totals.tailBytes
            figures.slow = slow.count
        }
        guard naming else { return figures }
        for stream in projects.all where project == nil || stream.project == project {
            figures.users.append(contentsOf: stream.map.users)
            if stream.map.count > 0 { figures.projects.insert(stream.project) }
        }
        return figures
    }

    /// Notes that so many sockets have just taken what was selected.
    func noteWritten(_ selection: Selection, times: Int) {
        guard times > 0, !selection.stamps.isEmpty else { return }
        measurements.noteWritten(selection.stamps, times: times, now: Instant.microseconds)
    }

    /// Looks every 250 ms how late the loop is, until ``stopMeasuringLag()``.
    func startMeasuringLag() {
        guard lagTick == nil else { return }
        scheduleLagTick()
    }

    func stopMeasuringLag() {
        lagTick?.cancel()
        lagTick = nil
    }

    private func scheduleLagTick() {
        let due = NIODeadline.now() + .milliseconds(LoopLag.tickMilliseconds)
        lagTick = eventLoop.assumeIsolated().scheduleTask(deadline: due) { [weak self] in
            guard let self else { return }
            self.lag.note(UInt64(max(0, (NIODeadline.now() - due).nanoseconds / 1_000)))
            self.scheduleLagTick()
        }
    }
}
