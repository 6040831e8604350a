import NIOCore

/// What came back from the application, not yet understood.
struct ApplicationReply: Sendable, Equatable {
    var status: Int
    var body: ByteBuffer
}
