import NIOCore
import NIOHTTP1
import Testing

@testable import TributaryServer

@Suite struct ConnectionStateTests {
    private static func head(
        _ method: HTTPMethod = .GET, _ uri: String = "/stats", _ headers: HTTPHeaders = [:]
    ) -> ConnectionState.Input {
        .part(.head(HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)))
    }

    private static let end = ConnectionState.Input.part(.end(nil))

    private static func body(_ text: String) -> ConnectionState.Input {
        .part(.body(ByteBuffer(string: text)))
    }

    @Test func `a request is answered when it is complete`() {
        var state = ConnectionState(bodyLimit: 10)
        #expect(state.isIdle)
        #expect(state.receive(Self.head(.POST)).name == "nothing")
        #expect(state.phase == .receivingBody)
        #expect(state.receive(Self.body("abc")).name == "nothing")
        #expect(state.receive(Self.body("def")).name == "nothing")
        #expect(state.receive(Self.end).name == "respond POST /stats abcdef")
        #expect(state.phase == .responding && !state.wantsInput)
        #expect(state.responded().name == "nothing")
        #expect(state.isIdle && state.wantsInput)
    }

    @Test func `a second request waits for the answer to the first`() {
        var state = ConnectionState(bodyLimit: 10)
        for input in [Self.head(), Self.end, Self.head(.GET, "/stream"), Self.end, Self.head(.GET, "/healthz")] {
            _ = state.receive(input)
        }
        #expect(state.nextHeld()?.name == nil)
        _ = state.responded()
        #expect(!state.isIdle && !state.wantsInput)
        #expect(state.nextHeld()?.name == "nothing")
        #expect(state.nextHeld()?.name == "respond GET /stream ")
        #expect(state.nextHeld()?.name == nil)
        state.streamTookOver()
        #expect(state.nextHeld()?.name == nil)
        #expect(state.receive(Self.end).name == "nothing")
    }

    @Test func `a body over the limit ends the connection, announced or not`() {
        var announced = ConnectionState(bodyLimit: 10)
        #expect(announced.receive(Self.head(.POST, "/", ["content-length": "11"])).name == "refuse body_too_large")
        #expect(announced.responded().name == "finish" && announced.phase == .closing)

        var counted = ConnectionState(bodyLimit: 10)
        _ = counted.receive(Self.head(.POST, "/", ["transfer-encoding": "chunked"]))
        _ = counted.receive(Self.body("1234567890"))
        #expect(counted.receive(Self.body("1")).name == "refuse body_too_large")
        #expect(counted.receive(Self.body("2")).name == "nothing")
        #expect(counted.responded().name == "finish")
    }

    @Test func `the last answer is the last`() {
        var state = ConnectionState(bodyLimit: 10)
        _ = state.receive(Self.head(.GET, "/", ["connection": "close"]))
        _ = state.receive(Self.end)
        _ = state.receive(Self.head())
        _ = state.receive(Self.end)
        #expect(state.responded().name == "finish")
        #expect(state.nextHeld()?.name == nil)
        #expect(state.timedOut(tell: true).name == "close")
    }

    @Test func `a client that says it has no more to send gets what it asked for`() {
        var state = ConnectionState(bodyLimit: 10)
        for input in [Self.head(), Self.end, Self.head(), Self.end] { _ = state.receive(input) }
        #expect(state.inputClosed().name == "nothing")
        #expect(state.responded().name == "nothing")
        while let action = state.nextHeld(), action.name == "nothing" {}
        #expect(state.responded().name == "close")

        var idle = ConnectionState(bodyLimit: 10)
        #expect(idle.inputClosed().name == "close")
    }

    @Test func `a stream's place is of no use to a client that has gone`() {
        var state = ConnectionState(bodyLimit: 10)
        #expect(!state.isAwaited)
        _ = state.receive(Self.head(.GET, "/stream"))
        _ = state.receive(Self.end)
        #expect(state.isAwaited)
        _ = state.inputClosed()
        #expect(!state.isAwaited)
    }

    @Test func `a shutdown waits for the answer, and for nothing else`() {
        var idle = ConnectionState(bodyLimit: 10)
        #expect(idle.quiesce().name == "finish")
        var busy = ConnectionState(bodyLimit: 10)
        _ = busy.receive(Self.head())
        _ = busy.receive(Self.end)
        #expect(busy.quiesce().name == "nothing" && !busy.keepsAlive)
        #expect(busy.responded().name == "finish")
    }

    @Test func `time-outs are told where a request was expected`() {
        var fresh = ConnectionState(bodyLimit: 10)
        #expect(fresh.timedOut(tell: true).name == "refuse request_timeout")
        var idle = ConnectionState(bodyLimit: 10)
        #expect(idle.timedOut(tell: false).name == "finish")
        var body = ConnectionState(bodyLimit: 10)
        _ = body.receive(Self.head(.POST))
        #expect(body.timedOut(tell: true).name == "refuse request_timeout")
        var responding = ConnectionState(bodyLimit: 10)
        _ = responding.receive(Self.head())
        _ = responding.receive(Self.end)
        #expect(responding.timedOut(tell: true).name == "nothing")
    }

    @Test func `what is held back is bounded`() {
        var state = ConnectionState(bodyLimit: 10)
        _ = state.receive(Self.head())
        _ = state.receive(Self.end)
        for _ in 0..<2_000 { _ = state.receive(Self.end) }
        #expect(!state.keepsAlive)
        #expect(state.responded().name == "finish")
    }

    @Test func `a client that asks first is told to go on`() {
        var state = ConnectionState(bodyLimit: 10)
        #expect(state.receive(Self.head(.POST, "/", ["expect": "100-Continue"])).name == "continue")
        var odd = ConnectionState(bodyLimit: 10)
        #expect(odd.receive(Self.head(.POST, "/", ["expect": "x"])).name == "refuse expectation_failed")
    }
}

extension ConnectionState.Action {
    fileprivate var name: String {
        switch self {
        case .nothing: "nothing"
        case .sendContinue: "continue"
        case .respond(let head, let body): "respond \(head.method) \(head.uri) \(String(buffer: body))"
        case .refuse(let problem): "refuse \(problem.code)"
        case .finish: "finish"
        case .close: "close"
        }
    }
}
