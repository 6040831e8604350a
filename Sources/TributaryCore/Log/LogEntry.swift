import struct NIOCore.ByteBuffer
import TributaryProtocol

/// One event of the log.
public struct LogEntry: Sendable, Equatable {
    public var channel: Channel
    public var id: EventID
    public var position: LogPosition
    /// As it was published, or as its publisher sent it; not necessarily well-formed.
    public var envelope: ByteBuffer
    /// When the log took it, in milliseconds since 1970.
    public var timestamp: UInt64

    public init(channel: Channel, id: EventID, position: LogPosition, envelope: ByteBuffer, timestamp: UInt64) {
        self.channel = channel
        self.id = id
        self.position = position
        self.envelope = envelope
        self.timestamp = timestamp
    }
}
