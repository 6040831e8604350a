import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTP2
import TributaryCore

/// How a request becomes a stream of events.
extension ConnectionGate {
    /// Asks for a place. Until there is an answer, what the client sends is held back as for any other request.
    func admit(_ head: HTTPRequestHead) {
        guard let context else { return }
        services.admit(head, from: peer, on: context.eventLoop) { self.admitted($0) }
    }

    private func admitted(_ outcome: Result<StreamRequest, Problem>) {
        switch outcome {
        case .failure(let problem): send(problem)
        case .success(let request):
            guard let context, context.channel.isActive, state.isAwaited else {
                services.hub.withdraw(request)
                // A client that half-closed its connection would not be noticed any more by a stream.
                self.context?.close(promise: nil)
                return
            }
            do throws(Problem) {
                try takeOver(request, context: context)
            } catch {
                services.hub.withdraw(request)
                send(error)
            }
        }
    }

    /// The stream's handler goes in before the HTTP handlers, which then leave: no more than it stays for the stream, and over
    /// HTTP/2 what makes requests of frames, which gets to see none any more.
    private func takeOver(_ request: StreamRequest, context: ChannelHandlerContext) throws(Problem) {
        switch place {
        case .connection(let decoder):
            try services.open(request, from: peer, origin: state.origin, on: context, insteadOf: wire) {
                leave(context, with: decoder)
            }
        case .http2Stream(let codec):
            let stream = HTTP2StreamHandler()
            do {
                try context.pipeline.syncOperations.addHandler(stream, position: .before(codec))
            } catch {
                throw .internalError
            }
            let head = StreamResponseHead.http2(date: HTTPDate.now, and: browserFields)
            leave(context, with: nil)
            stream.open(request, on: services.hub, head: head)
        }
    }

    private func leave(_ context: ChannelHandlerContext, with decoder: ByteToMessageHandler<HTTPRequestDecoder>?) {
        state.streamTookOver()
        if isReadHeldBack { context.read() }
        isReadHeldBack = false
        let pipeline = context.pipeline.syncOperations
        if let decoder {
            pipeline.removeHandler(wire, promise: nil)
            pipeline.removeHandler(decoder, promise: nil)
        }
        if let encoder { pipeline.removeHandler(encoder, promise: nil) }
        pipeline.removeHandler(self, promise: nil)
    }
}
