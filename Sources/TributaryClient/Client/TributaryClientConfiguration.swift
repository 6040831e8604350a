import TributaryProtocol

/// The limits and habits of a ``TributaryClient``; the defaults suit nearly everybody.
public struct TributaryClientConfiguration: Sendable {
    /// When the client comes back after a cut.
    public var reconnect: ReconnectPolicy
    /// The heartbeat to ask the hub for, 5–60 s; `nil`: the hub's own, 25 s. A stream that brings no byte for 2.5
    /// times what `connected` confirms is taken for dead.
    public var heartbeat: Duration?
    /// The app install or process that this is. A hub ends the older of two streams of one instance.
    /// `nil`: a random one per client, kept across its reconnects.
    public var instance: ClientInstanceID?
    /// The longest event, 16 MiB unless told. Beyond it the connection is given up.
    public var maximumEventBytes: Int
    /// How many ids are remembered to recognize what comes twice.
    public var rememberedIDs: Int
    /// How many bytes of live events wait at most, beside one read of the socket, while history brings what a replay left
    /// out; beyond that the stream is not read, and the hub keeps them.
    public var catchUpBuffer: Int
    /// How many events wait in one `events(_:)` sequence at most.
    public var sequenceBuffer: Int
    /// How long a full sequence may hold up the client before it is ended.
    public var stallLimit: Duration

    public init(
        reconnect: ReconnectPolicy = ReconnectPolicy(),
        heartbeat: Duration? = nil,
        instance: ClientInstanceID? = nil,
        maximumEventBytes: Int = 16 << 20,
        rememberedIDs: Int = 4096,
        catchUpBuffer: Int = 1 << 20,
        sequenceBuffer: Int = 256,
        stallLimit: Duration = .seconds(10)
    ) {
        self.reconnect = reconnect
        self.heartbeat = heartbeat
        self.instance = instance
        self.maximumEventBytes = maximumEventBytes
        self.rememberedIDs = rememberedIDs
        self.catchUpBuffer = catchUpBuffer
        self.sequenceBuffer = sequenceBuffer
        self.stallLimit = stallLimit
    }
}
