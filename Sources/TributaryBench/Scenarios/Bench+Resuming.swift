import Glibc
import Histogram

extension Bench {
    /// `replay`: streams that all begin with what they missed.
    func replay(_ progress: Progress) throws -> RunFigures {
        // One stream that is there from the beginning learns the id to begin after.
        let stage = try Stage(
            plan, interruption, progress, streams: plan.streams + 1, keepsIDs: true,
            hubArguments: plan.replayArguments
        ) { _ in 0 }
        let generator = stage.generator
        try stage.open(plan.streams..<plan.streams + 1)
        try stage.prime()
        try stage.settle()
        let id = generator.streams[plan.streams].lastIDText
        guard !id.isEmpty else { throw BenchError("events come without an id: this server replays nothing") }
        let first = generator.streams[plan.streams].check.next
        try publish(stage, lane: 0, count: plan.missed)
        for index in 0..<plan.streams {
            generator.streams[index].keep(id: id)
            generator.streams[index].check.begin(at: first)
        }
        let meter = Meter(stage)
        let began = Clock.now
        try stage.open(0..<plan.streams)
        try stage.settle()
        stage.figures.caughtUpSeconds = Double(Clock.now - began) / 1e9
        meter.finish(stage)
        stage.noteIdle()
        stage.noteFaults()
        stage.figures.published = nil
        return stage.figures
    }

    /// `reconnect`: all streams are cut at once and come back with events missed, while others listen to live traffic.
    func reconnect(_ progress: Progress) throws -> RunFigures {
        let streams = plan.streams
        let stage = try Stage(
            plan, interruption, progress, streams: streams + Self.others, keepsIDs: true,
            hubArguments: plan.replayArguments
        ) { $0 < streams ? 0 : 1 }
        let generator = stage.generator
        try stage.open(0..<streams + Self.others)
        let accepts = stage.figures.acceptsPerSecond
        try stage.prime()
        try stage.settle()
        stage.noteIdle()
        generator.book.pointee.latencyLane = 1
        try stage.publishSteadily(seconds: plan.warmup, rate: plan.rate) { stage.publish(lane: 1) }
        generator.book.pointee.latency.reset()
        try stage.publishSteadily(seconds: plan.seconds, rate: plan.rate) { stage.publish(lane: 1) }
        stage.figures.latencyBefore = LatencyFigures(generator.book.pointee.latency)
        guard !generator.streams[0].lastIDText.isEmpty else {
            throw BenchError("events come without an id: no stream of this server can resume")
        }

        generator.close(0..<streams)
        var pace = Pace(rate: plan.rate, from: Clock.now)
        let live = {
            while pace.isDue(Clock.now), stage.publisher?.hasRoom == true { stage.publish(lane: 1) }
            try stage.publisher?.flush(generator.epoll)
        }
        try publish(stage, lane: 0, count: plan.missed, eachTurn: live)
        generator.book.pointee.latency.reset()
        let meter = Meter(stage)
        let began = Clock.now
        try stage.open(0..<streams, eachTurn: live)
        let opened = stage.figures.acceptsPerSecond
        while !hasCaughtUp(stage, streams), Clock.now - began < 60_000_000_000 {
            try live()
            try stage.turn(milliseconds: 2)
            stage.progress.say("streams are catching up")
        }
        stage.figures.caughtUpSeconds = Double(Clock.now - began) / 1e9
        meter.finish(stage)
        stage.figures.latency = LatencyFigures(generator.book.pointee.latency)
        stage.figures.acceptsPerSecond = opened ?? accepts
        if let during = stage.figures.latency?.p99, let before = stage.figures.latencyBefore?.p99, before > 0 {
            stage.figures.p99Ratio = during / before
        }
        stage.notePeak()
        try stage.settle()
        stage.noteFaults()
        return stage.figures
    }

    /// Streams that stay, and see live traffic.
    private static let others = 100

    /// Publishes to one sequence, and waits until the server has answered.
    private func publish(_ stage: Stage, lane: Int, count: Int, eachTurn: () throws -> Void = {}) throws {
        for _ in 0..<count {
            while stage.publisher?.hasRoom == false { try stage.turn(milliseconds: 5) }
            stage.publish(lane: lane)
            try stage.turn(milliseconds: 0)
            try eachTurn()
        }
        while stage.publisher?.isIdle == false {
            try stage.turn(milliseconds: 5)
            try eachTurn()
        }
    }

    private func hasCaughtUp(_ stage: Stage, _ streams: Int) -> Bool {
        let end = stage.sequences[0]
        for index in 0..<streams where stage.generator.streams[index].phase == .open {
            if stage.generator.streams[index].check.next != end { return false }
        }
        return true
    }
}

extension BenchPlan {
    /// A replay is to be one piece.
    fileprivate var replayArguments: [String] { missed > 200 ? ["--replay-limit", "\(missed)"] : [] }
}
