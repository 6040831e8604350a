import NIOCore
import TributaryProtocol

/// Who gets a stream. From any thread, unless said otherwise.
extension Hub {
    /// Asks for a place for a stream: in this node, at its address, and for its user on all nodes. On `eventLoop`, which is one of
    /// the hub's, the stream is to be opened with ``open(_:sink:on:)`` at once when the future succeeds, or given up with
    /// ``withdraw(_:)``.
    ///
    /// Fails with ``AdmissionRefusal``. While the nodes cannot hear of each other, the limits hold per node.
    public func admit(_ request: StreamRequest, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        registrar.admit(request, on: shard(on: eventLoop))
    }

    /// Gives up the place of a stream that was admitted, or is about to be, and will not be opened.
    public func withdraw(_ request: StreamRequest) { registrar.closed(request.id) }

    /// Whether ``admit(_:on:)`` would let the stream in, without a place.
    ///
    /// - Throws: ``AdmissionRefusal``.
    public func preflight(_ request: StreamRequest) async throws { try await registrar.preflight(request) }
}
