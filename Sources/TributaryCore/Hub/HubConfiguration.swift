import TributaryProtocol

/// What a hub can be told.
public struct HubConfiguration: Sendable {
    /// The node's name in `connected` frames and `/stats`.
    public var node: String
    public var version: String
    /// How long a subscription outlives its last stream.
    /// 60 s: a page reload costs nothing, a short absence loses nothing.
    public var lingerMilliseconds = 60_000
    /// A stream whose socket takes nothing for so long is closed.
    /// 30 s: below `TCP_USER_TIMEOUT`, so that the hub's own reason comes first.
    public var slowConsumerMilliseconds = 30_000
    /// What a project's tail may hold for slow streams, per event loop: 1 MiB. The newest segment is always kept.
    public var tailBytes = 1 << 20
    /// What a project's tail may hold for slow streams, per event loop.
    public var tailEvents = 10_000
    /// The `retry:` of `connected` frames, in milliseconds, varied per stream by ±25 %.
    public var retryMilliseconds = 3_000
    /// Events that a stream is replayed when it resumes; `GET /history` has the rest.
    /// 200: a screenful of any client, and a herd's worth of no harm.
    public var replayLimit = 200
    /// The largest envelope: 1 MiB.
    public var maximumEnvelopeBytes = Envelope.maximumBytes
    /// How long an admission waits for the relay's confirmation before the stream opens without it.
    public var subscribeTimeoutMilliseconds = 2_000

    public init(node: String, version: String) {
        self.node = node
        self.version = version
    }
}
