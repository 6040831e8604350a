import NIOCore
import TributaryCore
import TributaryProtocol

extension Workload {
    /// One of 16 events that came together, to one stream: all that is done once for an event, however many read it.
    static let takeIn = Workload("take an event in", repetitions: 1_024) {
        let hub = try StillHub()
        try hub.open(1, channels: ["chat"])
        return { count in
            for _ in 0..<count / 16 { hub.publish("chat", 16) }
        }
    }

    /// One event to the only stream of its project, with those of 15 other projects.
    static let takeInAlone = Workload("take in an event of a project with one stream", repetitions: 1_024) {
        let hub = try StillHub(projects: 1_024)
        try hub.open(1_024, channels: ["chat"])
        return { count in
            for number in 0..<count {
                hub.receive("chat", of: number % 1_024)
                if number % 16 == 15 { hub.finishBatch() }
            }
        }
    }

    /// One event to one of 1,000 streams whose sockets take everything.
    static let deliver = Workload("deliver to a stream", repetitions: 50_000) {
        let hub = try StillHub()
        try hub.open(1_000, channels: ["chat"])
        return { count in
            for _ in 0..<count / 1_000 { hub.publish("chat", 1) }
        }
    }

    /// One event that is kept in the tail for a stream that is behind, and read from there: every second one is of a channel that
    /// it doesn't have.
    static let fallBehind = Workload("append to the tail and slice it", repetitions: 1_024) {
        let hub = try StillHub()
        try hub.open(1, channels: ["jobs"])
        let slow = try hub.open(1, channels: ["chat"])[0]
        return { count in
            slow.sink.isStalled = true
            for _ in 0..<count / 16 {
                for _ in 0..<8 {
                    hub.receive("chat")
                    hub.receive("jobs")
                }
                hub.finishBatch()
            }
            slow.sink.isStalled = false
            slow.session.sinkDrained()
        }
    }

    /// A stream that closes and one that opens, beside so many others of the project.
    static func comeAndGo(beside others: Int) -> Workload {
        Workload("come and go beside \(others) streams", repetitions: 1_000) {
            let hub = try StillHub()
            var streams = try hub.open(others, channels: ["chat", "jobs"])
            var next = 0
            return { count in
                for _ in 0..<count {
                    // Far apart, as those are that come and go.
                    next = (next + 7_919) % streams.count
                    streams[next].session.sinkClosed(.client)
                    streams[next] = hub.open(user: next, channels: ["chat", "jobs"])
                }
            }
        }
    }
}
