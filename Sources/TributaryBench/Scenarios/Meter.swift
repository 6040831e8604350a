import Glibc

/// What was done between two moments.
struct Meter {
    private let began: UInt64
    private let generatorCPU: UInt64
    private let serverCPU: Double
    private let deliveries: UInt64
    private let reads: UInt64
    private let published: UInt64

    init(_ stage: Stage) {
        serverCPU = stage.gauge.cpuSeconds
        deliveries = stage.deliveries
        reads = stage.generator.book.pointee.reads
        published = stage.published
        generatorCPU = Clock.threadCPU
        began = Clock.now
    }

    /// Books what was done since.
    func finish(_ stage: Stage) {
        let seconds = Double(Clock.now - began) / 1e9
        let cpu = Double(Clock.threadCPU - generatorCPU) / 1e9
        let count = Double(stage.deliveries - deliveries)
        let reads = Double(stage.generator.book.pointee.reads - reads)
        stage.figures.seconds = seconds
        stage.figures.published = Double(stage.published - published)
        stage.figures.deliveries = count
        stage.figures.deliveriesPerSecond = count / seconds
        stage.figures.generatorCPU = cpu / seconds
        stage.figures.eventsPerRead = reads > 0 ? count / reads : nil
        guard !stage.gauge.processes.isEmpty else { return }
        let server = stage.gauge.cpuSeconds - serverCPU
        stage.figures.serverCPUSeconds = server
        stage.figures.cpuSecondsPerMillion = count > 0 ? server / count * 1e6 : nil
    }
}
