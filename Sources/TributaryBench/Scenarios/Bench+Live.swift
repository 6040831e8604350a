import Histogram

extension Bench {
    /// `fanout` and `channels`: as many deliveries as the server makes with so many messages in flight.
    func throughput(_ progress: Progress) throws -> RunFigures {
        let lanes = plan.lanes
        let stage = try Stage(plan, interruption, progress) { $0 % lanes }
        try stage.open()
        try stage.prime()
        stage.noteIdle()
        try stage.publishClosely(seconds: plan.warmup)
        stage.generator.book.pointee.latency.reset()
        let meter = Meter(stage)
        try stage.publishClosely(seconds: plan.seconds)
        meter.finish(stage)
        return try finish(stage)
    }

    /// `latency`: one message after the other at a rate.
    func latency(_ progress: Progress) throws -> RunFigures {
        let stage = try Stage(plan, interruption, progress) { _ in 0 }
        try stage.open()
        try stage.prime()
        stage.noteIdle()
        try stage.publishSteadily(seconds: plan.warmup, rate: plan.rate) { stage.publishNext() }
        stage.generator.book.pointee.latency.reset()
        let meter = Meter(stage)
        try stage.publishSteadily(seconds: plan.seconds, rate: plan.rate) { stage.publishNext() }
        meter.finish(stage)
        return try finish(stage)
    }

    /// `mixed`: projects of 50 users on five channels, sizes and rates as they are, and one reader in a hundred slow.
    func mixed(_ progress: Progress) throws -> RunFigures {
        let lanes = plan.lanes
        let stage = try Stage(plan, interruption, progress) { $0 % lanes }
        for index in stride(from: 0, to: plan.streams, by: 100) { stage.generator.streams[index].isSlow = true }
        try stage.open()
        // Who is present is told a moment after a stream has opened, and what changed meanwhile once more behind it.
        try stage.waitForSilence()
        try stage.prime()
        stage.noteIdle()
        var traffic = MixedTraffic()
        var sent = 0
        let publish = {
            let lane = sent % lanes
            sent += 1
            stage.publish(lane: lane, traffic.next(project: stage.project(of: lane)))
            // Each slow reader takes a kibibyte now and then.
            if sent % 50 == 0 { stage.generator.readSlow() }
        }
        try stage.publishSteadily(seconds: plan.warmup, rate: plan.rate, publish)
        stage.generator.book.pointee.latency.reset()
        let meter = Meter(stage)
        try stage.publishSteadily(seconds: plan.seconds, rate: plan.rate, publish)
        meter.finish(stage)
        return try finish(stage)
    }

    /// Waits for what is still on its way, and books the rest.
    func finish(_ stage: Stage) throws -> RunFigures {
        // What arrives only now is not the measurement's.
        stage.figures.latency = LatencyFigures(stage.generator.book.pointee.latency)
        stage.notePeak()
        try stage.settle()
        stage.noteFaults()
        return stage.figures
    }
}

/// What a project's five channels carry, in the proportions of an application with a chat.
struct MixedTraffic {
    private static let events: [MessageAddress] = [
        .init(project: "", channel: "presence", event: "presence.changed", size: 120),
        .init(project: "", channel: "chat", event: "typing.start", size: 90),
        .init(project: "", channel: "jobs", event: "job.progress", size: 180),
        .init(project: "", channel: "chat", event: "message.new", size: 420),
        .init(project: "", channel: "jobs", event: "job.progress", size: 180),
        .init(project: "", channel: "advisor", event: "advisor.matched", size: 900),
        .init(project: "", channel: "presence", event: "presence.changed", size: 120),
        .init(project: "", channel: "chat", event: "message.new", size: 260),
        .init(project: "", channel: "jobs", event: "job.progress", size: 180),
        .init(project: "", channel: "github-sync", event: "github-sync.status", size: 2_000),
    ]

    static let channels = "chat,jobs,presence,advisor,github-sync"

    private var position = 0

    /// The next message. Skewed by the place, so that each of the projects, which come in turn, gets all kinds.
    mutating func next(project: String) -> MessageAddress {
        var address = Self.events[(position / 7 + position) % Self.events.count]
        position += 1
        address.project = project
        return address
    }
}
