import class NIOCore.EventLoopFuture
import TributaryProtocol

/// Port: who is there in a project, on any node.
///
/// A user is there while any node says so. A node says it again within ``CoordinationTimes/presence``; one that doesn't is
/// dead. What changes is published as ``PresenceChanged`` on the project's presence channel, in the same atomic step, so
/// that each change is told once, whoever notices it. Failures are ``CoordinationError``.
public protocol PresenceStore: Sendable {
    /// The node has streams of these users: whoever was not there is online from now on, the others stay what they are.
    ///
    /// - Returns: whether anybody was there before; if not, though a node has users there, the store was wiped.
    func join(_ users: [PresentUser], of project: ProjectID, on node: String) -> EventLoopFuture<Bool>

    /// The node has no stream of these users any more. Whom no node has for
    /// ``CoordinationTimes/offlineGrace`` is offline, which ``sweep(_:)`` tells.
    ///
    /// - Returns: as ``join(_:of:on:)``.
    func leave(_ users: [UserID], of project: ProjectID, on node: String) -> EventLoopFuture<Bool>

    /// A user says how it is.
    ///
    /// - Returns: false if the user is not there: then nothing changed.
    func set(_ status: PresenceState, of user: UserID, in project: ProjectID) -> EventLoopFuture<Bool>

    /// Tells who has gone offline: at the time when the last word for it ran out, which is before it is told.
    func sweep(_ projects: [ProjectID]) -> EventLoopFuture<Void>

    /// Who is there, by name; tells who has gone offline first.
    func members(of project: ProjectID) -> EventLoopFuture<[PresenceMember]>
}

/// A user of whom a node has a stream.
public struct PresentUser: Hashable, Sendable {
    public var id: UserID
    /// What the user is to the project, such as `client`: the hub's own word, never the client's.
    public var type: String

    public init(id: UserID, type: String) {
        self.id = id
        self.type = type
    }
}

/// Somebody who is there.
public struct PresenceMember: Equatable, Sendable {
    public var user: PresentUser
    /// `online` or `away`.
    public var status: PresenceState
    /// When this last changed, in milliseconds since 1970; later with each change of the user.
    public var changedAt: UInt64
    /// When a node last said that the user is there, or the user something of itself, in milliseconds since 1970.
    public var lastSeen: UInt64

    public init(user: PresentUser, status: PresenceState, changedAt: UInt64, lastSeen: UInt64) {
        self.user = user
        self.status = status
        self.changedAt = changedAt
        self.lastSeen = lastSeen
    }
}
