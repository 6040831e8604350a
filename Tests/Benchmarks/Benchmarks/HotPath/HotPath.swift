import Benchmark
import TributaryWorkloads

let benchmarks: @Sendable () -> Void = {
    for workload in Workload.all() {
        Benchmark(
            workload.name,
            configuration: .init(
                metrics: [.wallClock, .cpuTotal, .instructions, .throughput],
                scalingFactor: .one, maxDuration: .seconds(2), maxIterations: 1_000_000)
        ) { benchmark in
            let run = try workload.prepare()
            benchmark.startMeasurement()
            run(workload.repetitions)
            benchmark.stopMeasurement()
        }
    }
}
