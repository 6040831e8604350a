import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryClient

/// What an outbox decides, without sending anything.
@Suite struct OutboxTests {
    private let configuration = OutboxConfiguration(
        events: 3, bytes: 10, base: .milliseconds(100), cap: .milliseconds(400)
    )

    private func event(_ data: String, on channel: TributaryProtocol.Channel = .chat) throws -> Event {
        Event(channel: channel, name: try EventName("x"), data: ByteBuffer(string: data))
    }

    @Test func `one event of a lane is on its way, the others wait in order`() throws {
        var outbox = Outbox(configuration)
        let first = try outbox.enter(event("1"))
        let second = try outbox.enter(event("2"))
        let elsewhere = try outbox.enter(event("3", on: .jobs))
        #expect([first.entrance, second.entrance, elsewhere.entrance] == [.send, .wait, .send])
        #expect(outbox.leave(first.ticket) == second.ticket)
        #expect(outbox.leave(elsewhere.ticket) == nil)
        #expect(outbox.leave(second.ticket) == nil)
        #expect(outbox.count == 0 && outbox.bytes == 0 && outbox.events.isEmpty)
    }

    @Test func `an event that is taken back from the middle changes nobody's turn`() throws {
        var outbox = Outbox(configuration)
        let tickets = try ["1", "2", "3"].map { try outbox.enter(event($0)).ticket }
        #expect(outbox.leave(tickets[1]) == nil)
        #expect(outbox.leave(tickets[1]) == nil)
        #expect(outbox.leave(tickets[0]) == tickets[2])
    }

    @Test func `it is bounded in events and in bytes`() throws {
        var outbox = Outbox(configuration)
        #expect(throws: Outbox.Full(events: 0, bytes: 0)) { try outbox.enter(event("12345678901")) }
        let first = try outbox.enter(event("1234567"))
        #expect(throws: Outbox.Full(events: 1, bytes: 7)) { try outbox.enter(event("1234")) }
        _ = try outbox.enter(event("1"))
        _ = try outbox.enter(event("2", on: .jobs))
        #expect(throws: Outbox.Full(events: 3, bytes: 9)) { try outbox.enter(event("")) }
        _ = outbox.leave(first.ticket)
        _ = try outbox.enter(event("12345678"))
        #expect(outbox.events.map { String(buffer: $0.data) } == ["1", "2", "12345678"])
    }

    @Test func `delays double up to the cap, and the next event begins anew`() throws {
        var outbox = Outbox(configuration)
        let first = try outbox.enter(event("1")).ticket
        let second = try outbox.enter(event("2")).ticket
        let delays = (1...4).map { _ in outbox.failed(first, asked: nil, jitter: 1) }
        #expect(delays == [100, 200, 400, 400].map { .milliseconds($0) })
        #expect(outbox.failed(first, asked: .seconds(2), jitter: 0.5) == .seconds(2))
        #expect(outbox.leave(first) == second)
        #expect(outbox.failed(second, asked: nil, jitter: 1) == .milliseconds(100))
    }

    @Test(arguments: [
        (408, nil, true), (425, nil, true), (429, nil, true), (500, nil, true), (502, nil, true), (503, nil, true),
        (504, nil, true), (502, "relay_refused", false), (500, "internal_error", false), (501, nil, false),
        (400, nil, false), (401, nil, false),
        (403, nil, false), (404, nil, false), (409, "timeline_owner_mismatch", false), (413, nil, false),
        (301, nil, false),
    ])
    func `what the hub refuses is not worth a retry`(status: Int, code: String?, isWorthRetry: Bool) {
        #expect(HTTPRefusal(status: status, code: code).isWorthRetry == isWorthRetry)
    }
}
