import ServiceLifecycle

/// Port: what the nodes of a hub know of each other's streams and users, beside the events.
///
/// One connection serves all three parts. `run()` holds what they need until it is cancelled or the service group shuts down; where
/// that cannot be reached, calls fail with ``CoordinationError`` and the node goes on by itself. Everything may be called
/// from any thread; futures succeed on whatever loop is the implementation's.
public protocol Coordination: ConnectionRegistry, PresenceStore, NodeDirectory, Service {
    /// `redis` or `memory`.
    var kind: String { get }

    var times: CoordinationTimes { get }
}

/// How long what the nodes share is believed without a word from the node that said it. In milliseconds.
public struct CoordinationTimes: Sendable, Equatable {
    /// A stream. 60 s: three refreshes, so that a node that misses two keeps its streams.
    public var stream = 60_000
    /// That a node has streams of a user. 45 s: two refreshes, so that the death of a node is noticed within 75 s.
    public var presence = 45_000
    /// How long a user stays online after the last stream ended. 10 s: a reload of the page, a change of the network.
    public var offlineGrace = 10_000
    /// A node is lost after so long. 15 s: after two beats that did not come.
    public var nodeLost = 15_000
    /// And forgotten after so long. 60 s: as long as its streams are remembered.
    public var nodeMemory = 60_000

    public init() {}
}

/// Why what the nodes share cannot be used now.
public enum CoordinationError: Error, Sendable, Equatable {
    /// It cannot be reached; try again later.
    case unavailable(String)
    /// It was reached and refuses, as for missing permissions.
    case refused(String)
}
