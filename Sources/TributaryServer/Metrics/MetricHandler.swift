import CoreMetrics
import NIOConcurrencyHelpers
import TributaryCore

/// One series that somebody reports to. From any thread.
final class MetricHandler: Sendable {
    enum Kind: Sendable {
        case counter, gauge
        /// Of whole numbers.
        case distribution
        /// In nanoseconds.
        case durations

        var family: MetricFamily.Kind {
            switch self {
            case .counter: .counter
            case .gauge: .gauge
            case .distribution, .durations: .histogram
            }
        }
    }

    private struct State {
        var number = 0.0
        var histogram: Histogram
    }

    private let kind: Kind
    private let state: NIOLockedValueBox<State>

    init(_ kind: Kind) {
        self.kind = kind
        state = NIOLockedValueBox(
            State(histogram: kind == .durations ? .duration : Histogram(bounds: (0...9).map { 1 << ($0 * 2) }))
        )
    }

    var value: MetricFamily.Value {
        let state = state.withLockedValue { $0 }
        return switch kind {
        case .counter, .gauge: .number(state.number)
        case .distribution, .durations: .init(state.histogram)
        }
    }
}

extension MetricHandler: CounterHandler, FloatingPointCounterHandler {
    func increment(by amount: Int64) { add(Double(amount)) }

    func increment(by amount: Double) { add(amount) }

    func reset() { state.withLockedValue { $0.number = 0 } }

    /// A counter never falls.
    private func add(_ amount: Double) {
        guard amount.isFinite, kind == .gauge || amount >= 0 else { return }
        state.withLockedValue { $0.number += amount }
    }
}

extension MetricHandler: MeterHandler {
    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { state.withLockedValue { $0.number = value } }

    func decrement(by amount: Double) { add(-amount) }
}

extension MetricHandler: RecorderHandler {
    func record(_ value: Int64) {
        guard kind == .distribution else { return set(value) }
        state.withLockedValue { $0.histogram.record(UInt64(max(0, value))) }
    }

    func record(_ value: Double) {
        guard kind == .distribution else { return set(value) }
        record(Int64(exactly: value.rounded()) ?? 0)
    }
}

extension MetricHandler: TimerHandler {
    func recordNanoseconds(_ duration: Int64) {
        state.withLockedValue { $0.histogram.record(UInt64(max(0, duration) / 1_000)) }
    }
}
