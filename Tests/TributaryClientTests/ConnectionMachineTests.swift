import Testing
import TributaryProtocol

@testable import TributaryClient

@Suite struct ConnectionMachineTests {
    private var machine = ConnectionMachine(policy: ReconnectPolicy(), hasTokenSource: true)

    private func refused(_ status: Int, retryAfter: Duration? = nil) -> StreamEnding {
        .refused(HTTPRefusal(status: status, retryAfter: retryAfter))
    }

    private func closed(_ reason: ServerClose.Reason, reconnect: Bool) -> StreamEnding {
        .serverClosed(reason: reason, reconnect: reconnect, after: .milliseconds(350))
    }

    @Test mutating func `a token is asked for before the first request and after a 401, once`() {
        #expect(machine.needsToken)
        machine.gotToken()
        #expect(machine.ended(refused(401), lived: nil, jitter: 1) == .connect)
        #expect(machine.needsToken)
        machine.gotToken()
        #expect(machine.ended(refused(401), lived: nil, jitter: 1) == .stop)
        #expect(machine.status == .authFailed)
    }

    @Test mutating func `a stream that opens makes room for another new token`() {
        machine.gotToken()
        #expect(machine.ended(refused(401), lived: nil, jitter: 1) == .connect)
        machine.gotToken()
        machine.opened()
        #expect(machine.ended(.failed(.cut), lived: .seconds(60), jitter: 1) == .wait(.seconds(1)))
        #expect(!machine.needsToken)
        #expect(machine.ended(refused(401), lived: nil, jitter: 1) == .connect)
        #expect(machine.needsToken)
    }

    @Test func `without a token closure a 401 is the end`() {
        var machine = ConnectionMachine(policy: ReconnectPolicy(), hasTokenSource: false)
        #expect(machine.ended(refused(401), lived: nil, jitter: 1) == .stop)
        #expect(machine.status == .authFailed)
    }

    @Test mutating func `403 is the end`() {
        #expect(machine.ended(refused(403), lived: nil, jitter: 1) == .stop)
        #expect(machine.status == .authFailed)
    }

    @Test(arguments: [400, 404, 405, 409, 410, 421, 451, 499])
    func `other 4xx stop the client and say why`(status: Int) {
        var machine = machine
        #expect(machine.ended(refused(status), lived: nil, jitter: 1) == .stop)
        #expect(machine.status == .closed(reason: .refused(HTTPRefusal(status: status))))
    }

    @Test(arguments: [201, 206, 304, 408, 425, 500, 502, 503, 504, 599])
    func `other answers are tried again`(status: Int) {
        var machine = machine
        #expect(machine.ended(refused(status), lived: nil, jitter: 1) == .wait(.seconds(1)))
        #expect(machine.status == .reconnecting(attempt: 1, after: .seconds(1)))
    }

    @Test mutating func `429 waits as long as it says`() {
        #expect(machine.ended(refused(429, retryAfter: .seconds(7)), lived: nil, jitter: 1) == .wait(.seconds(7)))
        #expect(machine.status == .limited(retryAfter: .seconds(7)))
    }

    @Test mutating func `429 without Retry-After backs off`() {
        #expect(machine.ended(refused(429), lived: nil, jitter: 0.5) == .wait(.milliseconds(500)))
        #expect(machine.status == .limited(retryAfter: .milliseconds(500)))
    }

    @Test mutating func `503 with Retry-After waits as long as it says`() {
        #expect(machine.ended(refused(503, retryAfter: .seconds(9)), lived: nil, jitter: 1) == .wait(.seconds(9)))
        #expect(machine.status == .reconnecting(attempt: 1, after: .seconds(9)))
    }

    @Test mutating func `204 ends it`() {
        #expect(machine.ended(.noContent, lived: nil, jitter: 1) == .stop)
        #expect(machine.status == .closed(reason: .noContent))
    }

    @Test(arguments: [ServerClose.Reason.replaced, .revoked, .draining])
    func `server_close without reconnect closes the client`(reason: ServerClose.Reason) {
        var machine = machine
        #expect(machine.ended(closed(reason, reconnect: false), lived: .seconds(1), jitter: 1) == .stop)
        #expect(machine.status == .closed(reason: .server(reason)))
    }

    @Test mutating func `server_close with reconnect waits for retry_ms and keeps the token`() {
        machine.gotToken()
        let action = machine.ended(closed(.draining, reconnect: true), lived: .seconds(60), jitter: 1)
        #expect(action == .wait(.milliseconds(350)))
        #expect(!machine.needsToken)
    }

    @Test mutating func `auth_expired asks for a new token`() {
        machine.gotToken()
        let action = machine.ended(closed(.authExpired, reconnect: true), lived: .seconds(60), jitter: 1)
        #expect(action == .wait(.milliseconds(350)))
        #expect(machine.needsToken)
    }

    @Test mutating func `a hub that closes each stream at once is met with backoff`() {
        for expected in [0.35, 2, 4, 8] {
            let action = machine.ended(closed(.draining, reconnect: true), lived: .seconds(1), jitter: 1)
            #expect(action == .wait(.milliseconds(Int(expected * 1000))))
        }
    }

    @Test mutating func `changed channels connect at once and count as no attempt`() {
        _ = machine.ended(.failed(.cut), lived: nil, jitter: 1)
        #expect(machine.ended(.channelsChanged, lived: .seconds(1), jitter: 1) == .connect)
        #expect(machine.ended(.failed(.cut), lived: nil, jitter: 1) == .wait(.seconds(2)))
    }

    @Test mutating func `closing leaves it disconnected`() {
        machine.opened()
        #expect(machine.ended(.closing, lived: .seconds(1), jitter: 1) == .stop)
        #expect(machine.status == .disconnected)
    }
}
