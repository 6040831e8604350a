import CoreMetrics
import NIOConcurrencyHelpers
import TributaryCore

/// Where libraries and services report what they count, for `/metrics`: a backend of swift-metrics. From any thread.
///
/// What happens with every event or stream is not reported here: event loops count that themselves, without a lock.
///
/// It cannot grow without a bound, whatever is reported: above ``seriesLimit`` label sets of a name, further ones are counted together
/// under `other`; above ``familyLimit`` names, further ones are not kept. Labels that would name a user or a project are left out.
public final class MetricsRegistry: MetricsFactory, Sendable {
    /// 100: as many as the API has routes, methods and answers.
    static let seriesLimit = 100
    /// 200: libraries have a dozen each.
    static let familyLimit = 200
    /// 128 bytes: what is longer is no name of anything.
    static let valueLimit = 128

    private struct Family {
        let kind: MetricHandler.Kind
        var handlers: [[MetricLabel]: MetricHandler] = [:]
    }

    private let families = NIOLockedValueBox<[String: Family]>([:])

    public init() {}

    /// What was reported, by name.
    var snapshot: [MetricFamily] {
        let families = families.withLockedValue { $0 }
        return families.keys.sorted().compactMap { name in
            guard let family = families[name] else { return nil }
            let series = family.handlers.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
                MetricFamily.Series(labels: $0.key, value: $0.value.value)
            }
            return MetricFamily(
                name: name, kind: family.kind.family, help: MetricsGlossary.help(of: name), series: series
            )
        }
    }

    private func handler(
        _ label: String, _ dimensions: [(String, String)], _ kind: MetricHandler.Kind
    ) -> MetricHandler {
        let name = MetricsGlossary.name(of: label, as: kind)
        let labels = MetricsGlossary.labels(of: dimensions)
        return families.withLockedValue { families in
            // What has no place is counted where nobody looks.
            guard families[name] != nil || families.count < Self.familyLimit else { return MetricHandler(kind) }
            var family = families[name] ?? Family(kind: kind)
            guard family.kind == kind else { return MetricHandler(kind) }
            let isFull = family.handlers.count >= Self.seriesLimit
            let key =
                family.handlers[labels] != nil || !isFull
                ? labels : labels.map { MetricLabel(name: $0.name, value: "other") }
            if let handler = family.handlers[key] { return handler }
            // Other names of labels are other sets too; so many sets of `other` cannot be meant.
            guard family.handlers.count < Self.seriesLimit * 2 else { return MetricHandler(kind) }
            let handler = MetricHandler(kind)
            family.handlers[key] = handler
            families[name] = family
            return handler
        }
    }

    /// Nobody will report to it any more: the others of its name stay.
    private func destroy(_ handler: AnyObject) {
        families.withLockedValue { families in
            for (name, family) in families {
                guard let labels = family.handlers.first(where: { $0.value === handler })?.key else { continue }
                families[name]?.handlers[labels] = nil
                if families[name]?.handlers.isEmpty == true { families[name] = nil }
                return
            }
        }
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions, .counter)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        handler(label, dimensions, .counter)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(label, dimensions, .gauge)
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        handler(label, dimensions, aggregate ? .distribution : .gauge)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(label, dimensions, .durations)
    }

    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }
}
