import TributaryProtocol

/// A stream that this node has let in, as its registrar knows it.
///
/// `@unchecked Sendable`: what changes is its registrar's event loop's alone.
final class Place: @unchecked Sendable {
    let id: ConnectionID
    let owner: StreamOwner
    let instance: ClientInstanceID?
    let isAnonymous: Bool
    let userType: String
    let address: String?
    let userAgent: String?
    /// The shard that it is open on.
    let shard: Int
    var channels: ChannelSet
    /// In microseconds since 1970, by the registry's clock where it could be asked.
    var connectedAt: UInt64
    /// Its shard has been told that it may open.
    var isLetIn = false
    /// Its shard has been told to close it, or will be as soon as it has begun.
    var isClosing = false
    /// Its stream has ended, or was refused: the registrar has forgotten it.
    var isGone = false
    /// It lost its place, or its user the right to it, before it was let in: it ends as soon as it has begun.
    var ending: StreamCloseReason?

    init(_ request: StreamRequest, shard: Int, connectedAt: UInt64) {
        id = request.id
        owner = StreamOwner(user: request.user, project: request.project)
        instance = request.clientInstance
        isAnonymous = request.isAnonymous
        userType = request.userType
        address = request.address
        userAgent = request.userAgent
        self.shard = shard
        channels = request.channels
        self.connectedAt = connectedAt
    }

    /// Whether the registry is to know it: without a name and an instance there is nothing to count it by.
    var isRegistered: Bool { !isAnonymous || instance != nil }
}
