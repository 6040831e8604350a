import struct NIOCore.ByteBuffer
import TributaryProtocol

/// An event that a log is about to publish.
package struct Publication: Sendable {
    package let channel: Int
    package let topic: Topic
    package let envelope: ByteBuffer
    /// `nil` for an ephemeral event.
    package let placement: Placement?
    package let dedupeKey: DedupeTable.Key?
    package let owner: ProjectLog.Owner
    /// Microseconds since 1970.
    package let time: UInt64

    package var receipt: PublishReceipt { PublishReceipt(id: placement?.id.rawValue, duplicate: false) }
}
