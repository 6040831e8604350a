/// What a new credential makes of a live stream.
public struct StreamRenewal: Sendable {
    /// When the new credential ends; then the stream does.
    public var expiresAt: Instant?
    /// When somebody is to be asked again.
    public var reviewAt: Instant?
    /// Asks on behalf of the new credential. It cannot leave its node: without it, a stream asks as it did before.
    public var ask: (@Sendable (ChannelSet) async -> StreamLease.Renewal)?
    /// What the stream was found to read, and the new credential does not allow.
    public var removing: ChannelSet

    public init(_ lease: StreamLease, removing: ChannelSet = []) {
        expiresAt = lease.expiresAt
        reviewAt = lease.review?.at
        ask = lease.review?.ask
        self.removing = removing
    }
}
