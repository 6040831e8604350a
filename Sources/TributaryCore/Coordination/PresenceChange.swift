import struct NIOCore.ByteBuffer
import TributaryProtocol

/// What is told of a user whose presence has changed. Times are in milliseconds since 1970.
package struct PresenceChange: Equatable, Sendable {
    package var user: PresentUser
    package var status: PresenceState
    /// When a node last said that the user is there, or the user something of itself.
    package var lastSeen: UInt64
    /// When it changed; later than the user's change before.
    package var timestamp: UInt64

    /// The envelope of ``PresenceChanged``, as the relay carries it.
    package func envelope(in project: ProjectID) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeStaticString(#"{"event":"presence.changed","ts":"#)
        buffer.writeDecimal(timestamp)
        buffer.writeStaticString(#","data":{"userId":"#)
        buffer.writeJSONString(user.id.rawValue)
        buffer.writeStaticString(#","status":"#)
        buffer.writeJSONString(status.rawValue)
        buffer.writeStaticString(#","user_type":"#)
        buffer.writeJSONString(user.type)
        buffer.writeStaticString(#","projectId":"#)
        buffer.writeJSONString(project.rawValue)
        buffer.writeStaticString(#","last_seen":"#)
        buffer.writeDecimal(lastSeen)
        buffer.writeStaticString(#","timestamp":"#)
        buffer.writeDecimal(timestamp)
        buffer.writeStaticString("}}")
        return buffer
    }
}
