import Foundation
import NIOConcurrencyHelpers
import Testing

@Suite struct SimulationTests {
    /// Overridden by `TRIBUTARY_SIMULATION_SEEDS`, as `5000` or `5000..<5001`.
    static let seeds: Range<UInt64> = {
        let text = ProcessInfo.processInfo.environment["TRIBUTARY_SIMULATION_SEEDS"] ?? "10000"
        let bounds = text.components(separatedBy: "..<").compactMap { UInt64($0) }
        return bounds.count == 2 ? bounds[0]..<bounds[1] : 0..<(bounds.first ?? 10_000)
    }()

    @Test func `nothing durable is lost, repeated or out of order without a word, whatever happens`() throws {
        let failures = NIOLockedValueBox<[(UInt64, [String])]>([])
        let events = NIOLockedValueBox(0)
        DispatchQueue.concurrentPerform(iterations: 64) { lane in
            for seed in Self.seeds where seed % 64 == UInt64(lane) {
                guard failures.withLockedValue({ $0.count }) < 5 else { return }
                do {
                    let simulation = try Simulation(seed: seed, isTraced: Self.seeds.count == 1)
                    let violations = try simulation.run()
                    events.withLockedValue { $0 += simulation.journal.count }
                    if !violations.isEmpty { failures.withLockedValue { $0.append((seed, violations)) } }
                } catch {
                    failures.withLockedValue { $0.append((seed, ["\(error)"])) }
                }
            }
        }
        for (seed, violations) in failures.withLockedValue({ $0 }).sorted(by: { $0.0 < $1.0 }) {
            Issue.record("seed \(seed): \(violations.joined(separator: "; "))")
        }
        // A simulation in which nothing happens proves nothing.
        #expect(events.withLockedValue { $0 } > Self.seeds.count * 20)
    }
}
