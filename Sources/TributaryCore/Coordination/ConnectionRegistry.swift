import class NIOCore.EventLoopFuture
import TributaryProtocol

/// Port: which streams a user has in a project, on any node. Every call is one atomic step per user and project.
///
/// A stream that was not refreshed for ``CoordinationTimes/stream`` is gone, as its node is. Failures are
/// ``CoordinationError``.
public protocol ConnectionRegistry: Sendable {
    /// Enters a stream. First what has expired is taken out; then an older stream of the same client instance is
    /// replaced; then, if the user has more streams than the limit, those leave that were silent longest: first, least
    /// recently refreshed, what has missed a refresh; then, for all others are equally alive, the one that connected earliest.
    /// So of the streams that are alive none leaves that is newer than one that stays.
    ///
    /// The registry's own clock says when the stream connected, later than any stream that the user has.
    func register(_ stream: RegisteredStream, limit: StreamLimit) -> EventLoopFuture<Registration>

    /// Notes that streams are open. One that is not there any more is entered again with the time of its connecting, by the
    /// rules of ``register(_:limit:)``: unless its client instance has a newer stream, or its user enough newer ones. A newer
    /// stream never leaves for an older one, and with ``StreamLimit/Policy/reject`` none leaves for the limit.
    ///
    /// - Returns: who lost the place, on any node; the streams just refreshed may be among them.
    func refresh(_ users: [OpenStreams]) -> EventLoopFuture<[Displacement]>

    /// Takes out streams that ended. One that isn't there is passed over.
    func remove(_ streams: [StreamEntry]) -> EventLoopFuture<Void>

    /// Takes out what has expired of these users.
    func sweep(_ owners: [StreamOwner]) -> EventLoopFuture<Void>

    /// The streams of a user in a project that have not expired, the oldest first.
    func streams(of owner: StreamOwner) -> EventLoopFuture<[RegisteredStream]>
}

/// A user in a project: streams are counted by it.
public struct StreamOwner: Hashable, Sendable {
    public let user: UserID
    public let project: ProjectID
    /// Of both names, which are looked up several times for each stream.
    private let digest: Int

    public init(user: UserID, project: ProjectID) {
        self.user = user
        self.project = project
        var hasher = Hasher()
        hasher.combine(user)
        hasher.combine(project)
        digest = hasher.finalize()
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

/// Names one stream of a user.
public struct StreamEntry: Hashable, Sendable {
    public let owner: StreamOwner
    public let id: ConnectionID

    public init(owner: StreamOwner, id: ConnectionID) {
        self.owner = owner
        self.id = id
    }
}

/// How many streams a user may have in a project, and what happens above it.
public struct StreamLimit: Hashable, Sendable {
    /// What happens to the stream that is one too many.
    public enum Policy: String, Sendable, CaseIterable {
        /// It is accepted, and the one that was silent longest leaves.
        case evict
        /// It is refused.
        case reject
    }

    /// `nil` is no limit.
    public var maximum: Int?
    public var policy: Policy

    public init(maximum: Int?, policy: Policy = .evict) {
        self.maximum = maximum
        self.policy = policy
    }
}

/// All open streams of one user on one node.
public struct OpenStreams: Sendable {
    public var owner: StreamOwner
    public var limit: StreamLimit
    public var streams: [RegisteredStream]

    public init(owner: StreamOwner, limit: StreamLimit, streams: [RegisteredStream]) {
        self.owner = owner
        self.limit = limit
        self.streams = streams
    }
}

/// What became of a stream that asked for a place.
public enum Registration: Equatable, Sendable {
    /// It has one, from this moment on (microseconds since 1970); these lost theirs.
    case accepted(connectedAt: UInt64, displaced: [Displacement])
    /// The user has as many as the limit allows.
    case rejected(current: Int)
}

/// A stream that lost its place, to be closed by its node.
public struct Displacement: Hashable, Sendable {
    public enum Reason: String, Sendable {
        /// The same client instance has a newer stream.
        case replaced
        /// The user has more streams than the limit allows.
        case evicted
    }

    public var id: ConnectionID
    public var node: String
    public var reason: Reason

    public init(id: ConnectionID, node: String, reason: Reason) {
        self.id = id
        self.node = node
        self.reason = reason
    }
}
