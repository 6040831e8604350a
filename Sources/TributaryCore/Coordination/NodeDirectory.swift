import struct NIOCore.ByteBuffer
import class NIOCore.EventLoopFuture

/// Port: which nodes there are. Failures are ``CoordinationError``.
public protocol NodeDirectory: Sendable {
    /// The node lives, and these are its figures (JSON).
    ///
    /// - Returns: every node that was heard of within ``CoordinationTimes/nodeMemory``, by name, this one included.
    func beat(_ node: String, figures: ByteBuffer) -> EventLoopFuture<[NodeRecord]>

    /// The node shuts down.
    func leave(_ node: String) -> EventLoopFuture<Void>
}

/// A node as the others know it.
public struct NodeRecord: Equatable, Sendable {
    public var name: String
    /// What it last said of itself (JSON).
    public var figures: ByteBuffer
    /// How long it has been silent, in milliseconds.
    public var silentMilliseconds: UInt64

    /// Whether it has been silent for ``CoordinationTimes/nodeLost``.
    public var isLost: Bool

    public init(name: String, figures: ByteBuffer, silentMilliseconds: UInt64, isLost: Bool) {
        self.name = name
        self.figures = figures
        self.silentMilliseconds = silentMilliseconds
        self.isLost = isLost
    }
}
