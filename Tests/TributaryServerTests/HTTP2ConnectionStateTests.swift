import NIOCore
import NIOHTTP2
import Testing

@testable import TributaryServer

@Suite struct HTTP2ConnectionStateTests {
    @Test func `a connection without streams is timed, and then refuses more`() {
        var state = HTTP2ConnectionState()
        #expect(state.timer == .head)
        state.opened(1)
        #expect(state.timer == nil && state.timedOut() == .nothing)
        state.opened(3)
        #expect(state.closed() == .nothing && state.timer == nil)
        #expect(state.closed() == .nothing && state.timer == .idle)
        #expect(state.timedOut() == .leave(last: 3, close: true))
        #expect(state.timer == nil && state.timedOut() == .nothing && state.quiesce() == .nothing)
    }

    @Test func `one that never asked anything ends as well`() {
        var state = HTTP2ConnectionState()
        #expect(state.timedOut() == .leave(last: 0, close: true))
    }

    @Test func `a drain asks for no more streams, and the last one's end is the connection's`() {
        var state = HTTP2ConnectionState()
        state.opened(1)
        state.opened(3)
        #expect(state.drain() == .announce && state.drain() == .nothing)
        #expect(state.closed() == .nothing)
        // One that was on its way.
        state.opened(5)
        #expect(state.closed() == .nothing)
        #expect(state.closed() == .leave(last: 5, close: true))
        #expect(state.quiesce() == .nothing && state.timer == nil)
    }

    @Test func `a shutdown refuses more, and waits for the last`() {
        var state = HTTP2ConnectionState()
        state.opened(1)
        state.opened(3)
        #expect(state.drain() == .announce)
        #expect(state.quiesce() == .leave(last: 3, close: false))
        #expect(state.closed() == .nothing)
        #expect(state.closed() == .close)
    }

    @Test func `in a drain a connection without streams answers one more request`() {
        var state = HTTP2ConnectionState()
        state.opened(1)
        _ = state.closed()
        #expect(state.drain() == .nothing && state.timer == .idle)
        state.opened(3)
        #expect(state.closed() == .leave(last: 3, close: true))
        var silent = HTTP2ConnectionState()
        #expect(silent.drain() == .nothing)
        #expect(silent.quiesce() == .leave(last: 0, close: true))
    }

    @Test func `only GOAWAY with an error is a failure`() {
        func goAway(_ code: UInt32, last: UInt32 = 0x7FFF_FFFF) -> [UInt8] {
            [0, 0, 8, 7, 0, 0, 0, 0, 0] + withUnsafeBytes(of: last.bigEndian) { Array($0) }
                + withUnsafeBytes(of: code.bigEndian) { Array($0) }
        }
        func isFailure(_ bytes: [UInt8]) -> Bool { HTTP2FailureHandler.isFailure(ByteBuffer(bytes: bytes)) }
        #expect(isFailure(goAway(11)) && isFailure(goAway(1, last: 0)))
        #expect(!isFailure(goAway(0)) && !isFailure(Array(goAway(11).dropLast())) && !isFailure(goAway(11) + [0]))
        var settings = goAway(11)
        settings[3] = 4
        #expect(!isFailure(settings) && !isFailure([]) && !isFailure(Array("data: a long line of text\n\n".utf8)))
    }
}
