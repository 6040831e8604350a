import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import TributaryServer

@Suite struct AcceptGateTests {
    /// Stands for the listening socket: counts what is asked of it.
    private final class Listener: ChannelOutboundHandler {
        typealias OutboundIn = Never
        var reads = 0
        func read(context: ChannelHandlerContext) { reads += 1 }
    }

    private let own = EmbeddedEventLoop()
    private let other = EmbeddedEventLoop()
    private let listener = Listener()
    private let channel: EmbeddedChannel

    init() throws {
        channel = EmbeddedChannel(loop: own)
        let gate = AcceptGate(
            connections: OpenConnections(maximum: nil, maximumBodyBytes: 1), logger: Logger(label: "test"))
        try channel.pipeline.syncOperations.addHandlers([listener, gate])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        listener.reads = 0
    }

    private func accept(on loops: [EmbeddedEventLoop]) {
        for loop in loops { channel.pipeline.syncOperations.fireChannelRead(NIOAny(EmbeddedChannel(loop: loop))) }
        channel.pipeline.fireChannelReadComplete()
    }

    @Test func `the next connections are accepted when those before are set up on their event loop`() {
        accept(on: [other, own, other])
        channel.pipeline.read()
        own.run()
        #expect(listener.reads == 0)
        other.run()
        #expect(listener.reads == 0)
        own.run()
        #expect(listener.reads == 1)
        // Nothing was asked for meanwhile.
        accept(on: [other])
        other.run()
        own.run()
        #expect(listener.reads == 1)
        channel.pipeline.read()
        #expect(listener.reads == 2)
    }

    @Test func `connections of the listener's own event loop are set up at once`() {
        accept(on: [own, own])
        channel.pipeline.read()
        #expect(listener.reads == 1)
    }

    @Test func `a listener that closes meanwhile accepts nothing more`() throws {
        accept(on: [other])
        channel.pipeline.read()
        try channel.close().wait()
        other.run()
        own.run()
        #expect(listener.reads == 0)
    }
}
