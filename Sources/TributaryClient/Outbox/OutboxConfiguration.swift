/// The bounds and habits of a ``TributaryPublisher``'s outbox.
public struct OutboxConfiguration: Equatable, Sendable {
    /// The most events in it, those on their way included.
    public var events: Int
    /// The most bytes of their data.
    public var bytes: Int
    /// The first retry's longest delay; it doubles with each that fails, up to `cap`.
    public var base: Duration
    /// The longest delay, unless the hub's `Retry-After` asks for more.
    public var cap: Duration

    public init(
        events: Int = 1_000,
        bytes: Int = 16 << 20,
        base: Duration = .milliseconds(100),
        cap: Duration = .seconds(10)
    ) {
        self.events = events
        self.bytes = bytes
        self.base = base
        self.cap = cap
    }

    /// 1,000 events, 16 MiB, retries after 100 ms to 10 s.
    public static let standard = OutboxConfiguration()
}
