import NIOCore
import NIOPosix
import TributaryCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A pipe from an event loop to itself: rung in one turn of the loop, it is heard in the next, with all other sockets that are ready.
///
/// `@unchecked Sendable`: its event loop owns all mutable state; every method is called there.
final class LoopBell: LoopTurns, @unchecked Sendable {
    private let eventLoop: any EventLoop
    private var channel: (any Channel)?
    private var waiting: [() -> Void] = []

    private static let ring = ByteBuffer(bytes: [0])

    private init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// From any thread.
    ///
    /// - Throws: `IOError` where the process has no files left.
    static func hang(on eventLoop: any EventLoop) async throws -> LoopBell {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw IOError(errnoCode: errno, reason: "pipe") }
        let bell = LoopBell(eventLoop: eventLoop)
        let channel: any Channel
        do {
            channel = try await NIOPipeBootstrap(group: eventLoop)
                .channelInitializer { [weak bell] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(LoopBellHandler { bell?.heard() })
                    }
                }
                .takingOwnershipOfDescriptors(input: ends[0], output: ends[1]).get()
        } catch {
            for end in ends { close(end) }
            throw error
        }
        try await eventLoop.submit { bell.channel = channel }.get()
        return bell
    }

    deinit {
        channel?.close(promise: nil)
    }

    func afterSockets(_ work: @escaping () -> Void) {
        waiting.append(work)
        guard let channel, channel.isActive else { return eventLoop.assumeIsolated().execute { self.heard() } }
        if waiting.count == 1 { channel.writeAndFlush(Self.ring, promise: nil) }
    }

    private func heard() {
        let work = waiting
        waiting.removeAll(keepingCapacity: true)
        for piece in work { piece() }
    }
}

/// Lives on its channel's event loop.
private final class LoopBellHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let heard: () -> Void

    init(heard: @escaping () -> Void) {
        self.heard = heard
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { heard() }

    func channelInactive(context: ChannelHandlerContext) {
        heard()
        context.fireChannelInactive()
    }
}
