import struct NIOCore.ByteBuffer
import TributaryProtocol

/// An event that the relay brought with its publisher's id, and without a ``Placement``.
public struct HeardEvent: Sendable, Equatable {
    public var channel: Channel
    public var id: EventID
    /// As it was published.
    public var envelope: ByteBuffer

    public init(channel: Channel, id: EventID, envelope: ByteBuffer) {
        self.channel = channel
        self.id = id
        self.envelope = envelope
    }
}
