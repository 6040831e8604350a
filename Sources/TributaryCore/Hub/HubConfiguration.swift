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
    /// How old a stream may get, ±10 %, before its client has to come back; `nil` is no limit.
    public var maximumStreamAgeMilliseconds: Int?
    /// Streams on this node; `nil` is as many as the process can open.
    public var maximumStreams: Int?
    /// Streams of a user in a project, on all nodes.
    /// 5: a few browsers and an app; a browser profile needs one.
    public var streamLimit = StreamLimit(maximum: 5)
    /// Streams from one address on this node; `nil` is no limit. Loopback has none.
    public var maximumStreamsPerAddress: Int?
    /// Streams that one address may open in a second on this node, and at once; `nil` is no limit. Loopback has none.
    public var acceptsPerSecondPerAddress: Int?
    /// How often the node says which streams and users it has. 20 s: a third of a stream's time in the registry.
    public var refreshMilliseconds = 20_000
    /// How often the node says that it lives. 5 s: it is lost after two that did not come.
    public var beatMilliseconds = 5_000
    /// How long an admission waits for the registry before the stream is let in without it. 1 s: a client notices no more.
    public var registerTimeoutMilliseconds = 1_000
    /// How long an operator's question waits for the other nodes.
    public var askTimeoutMilliseconds = 2_000
    /// Who does not say again that it types within so long has stopped. 6 s: clients say it every few seconds.
    public var typingMilliseconds = 6_000

    public init(node: String, version: String) {
        self.node = node
        self.version = version
    }
}
