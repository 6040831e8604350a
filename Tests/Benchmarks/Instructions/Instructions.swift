import TributaryWorkloads

/// Does one workload, for `valgrind --tool=callgrind` to count the instructions of `measuredRegion`; without an argument it
/// lists them: the number of each, how often it is done, and what it is.
@main
struct Instructions {
    static func main() throws {
        // A thousand: to open each of them costs as much as to close one and open another, many times slower than here.
        let workloads = Workload.all(streams: 1_000)
        guard let number = CommandLine.arguments.dropFirst().first.flatMap(Int.init), workloads.indices.contains(number)
        else {
            for (number, workload) in workloads.enumerated() {
                print("\(number)\t\(workload.repetitions)\t\(workload.name)")
            }
            return
        }
        measuredRegion(workloads[number].repetitions, try workloads[number].prepare())
    }
}

/// What is counted; found by its name.
@inline(never)
private func measuredRegion(_ count: Int, _ run: (Int) -> Void) {
    run(count)
}
