import Histogram

extension Bench {
    /// `idle`: what a stream costs that is only there. At the end one event goes to all of them.
    func idle(_ progress: Progress) throws -> RunFigures {
        let stage = try Stage(plan, interruption, progress) { _ in 0 }
        try stage.open()
        let meter = Meter(stage)
        try hold(stage, seconds: plan.seconds)
        stage.noteIdle()
        meter.finish(stage)
        guard stage.publisher != nil else {
            stage.noteStreams()
            return stage.figures
        }
        try stage.prime()
        stage.generator.book.pointee.latency.reset()
        for _ in 0..<max(1, plan.inFlight) { stage.publishNext() }
        try stage.settle()
        stage.notePeak()
        stage.noteFaults()
        stage.figures.deliveries = Double(stage.deliveries)
        stage.figures.deliveriesPerSecond = nil
        stage.figures.cpuSecondsPerMillion = nil
        stage.figures.eventsPerRead = nil
        stage.figures.latency = LatencyFigures(stage.generator.book.pointee.latency)
        return stage.figures
    }

    /// `ramp`: how fast streams are opened.
    func ramp(_ progress: Progress) throws -> RunFigures {
        let stage = try Stage(plan, interruption, progress) { _ in 0 }
        let meter = Meter(stage)
        try stage.open()
        meter.finish(stage)
        stage.noteIdle()
        stage.noteStreams()
        stage.figures.published = nil
        stage.figures.deliveries = nil
        stage.figures.deliveriesPerSecond = nil
        stage.figures.eventsPerRead = nil
        return stage.figures
    }

    /// Reads for so long, without publishing.
    func hold(_ stage: Stage, seconds: Double) throws {
        let deadline = Clock.now + seconds.nanoseconds
        while Clock.now < deadline {
            try stage.turn(milliseconds: 20)
            stage.progress.say("\(Amount.whole(Double(stage.generator.opened))) streams are idle")
        }
    }
}
