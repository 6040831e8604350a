/// Where an event belongs in somebody's trace: the `traceparent` of W3C Trace Context.
///
/// Only a value that is one is taken for one: what else stands there is nobody's trace, and may be as long as an envelope.
/// https://www.w3.org/TR/trace-context/#traceparent-header
public struct TraceParent: Hashable, Sendable {
    public let rawValue: String

    /// Of version 00, or what a later version has in common with it: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`.
    ///
    /// - Returns: `nil` for anything else, such as ids of zeros alone.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard text.utf8.count == 55, parts.map(\.count) == [2, 32, 16, 2], !text.utf8.starts(with: "ff".utf8),
            parts.joined().allSatisfy({ Self.digits.contains($0) }),
            parts[1].contains(where: { $0 != UInt8(ascii: "0") }), parts[2].contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        rawValue = text
    }

    private static let digits = Set("0123456789abcdef".utf8)

    /// The trace's id, as tracing systems search for it.
    public var traceID: String { String(rawValue.dropFirst(3).prefix(32)) }

    /// The id of the span that published the event.
    public var spanID: String { String(rawValue.dropFirst(36).prefix(16)) }
}

extension Envelope {
    /// ``traceparent``, if it is one.
    public var trace: TraceParent? { traceparent.flatMap(TraceParent.init) }
}
