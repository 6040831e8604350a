/// An event's type, such as `message.new`: 1 to 256 bytes of UTF-8 without control characters, so that it fits one line.
public struct EventName: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// - Throws: ``InvalidName`` if `rawValue` is empty, longer than 256 bytes, or holds a control character.
    public init(_ rawValue: some StringProtocol) throws(InvalidName) {
        guard rawValue.isName(limit: 256, allowed: { !$0.isControl }) else {
            throw InvalidName(kind: "event", rule: "1 to 256 bytes of UTF-8 on one line")
        }
        self.rawValue = String(rawValue)
    }

    init(unchecked rawValue: String) {
        self.rawValue = rawValue
    }

    /// True for the names that only the hub itself (or a browser) may give an event.
    public var isReserved: Bool {
        let length = rawValue.utf8.count
        // Most events have a name of another length, and need no look at its letters.
        return length < 64 && Self.reservedLengths & 1 << length != 0 && Self.reserved.contains(rawValue)
    }

    /// `open`, `error` and `message` are a native `EventSource`'s own; the others are the hub's.
    public static let reserved: Set<String> = [
        "connected", "subscribed", "gap", "heartbeat", "replay.end", "server_close", "error", "open", "message",
    ]

    private static let reservedLengths = reserved.reduce(UInt64(0)) { $0 | 1 << $1.utf8.count }

    public var description: String { rawValue }

    public static let connected = EventName(unchecked: "connected")
    public static let subscribed = EventName(unchecked: "subscribed")
    public static let gap = EventName(unchecked: "gap")
    public static let heartbeat = EventName(unchecked: "heartbeat")
    public static let replayEnd = EventName(unchecked: "replay.end")
    public static let serverClose = EventName(unchecked: "server_close")
    public static let presenceSnapshot = EventName(unchecked: "presence.snapshot")
    public static let typingStart = EventName(unchecked: "typing.start")
    public static let typingStop = EventName(unchecked: "typing.stop")
}
