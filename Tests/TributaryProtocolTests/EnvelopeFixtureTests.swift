import Foundation
import NIOCore
import Testing
import TributaryProtocol

/// `Protocols/fixtures/envelopes.json`: what publishers send, and what the hub makes of it.
struct EnvelopeFixtureTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        struct Accepted: Decodable, Sendable {
            let event: String
            let data: FixtureBytes
            let id: UInt64?
            let ignoredId: Bool?
            let user: String?
            let ts: UInt64?
            let committedAt: UInt64?
            let placement: ExpectedPlacement?
            let traceparent: String?
            let clientMsgId: String?
            let retry: Int?
        }

        struct ExpectedPlacement: Decodable, Sendable {
            let position: String
            let prev: UInt64?
            let seen: [String: UInt64]?
            let log: UInt64?
        }

        let name: String
        let payload: FixtureBytes
        let accepted: Accepted?
        let rejected: String?

        var testDescription: String { name }
    }

    static let cases = Result { try Contract.decode(FixtureFile<Case>.self, from: "fixtures/envelopes.json").cases }

    @Test(arguments: try cases.get())
    func `an envelope is accepted or refused as the fixture says`(_ fixture: Case) throws {
        switch Envelope.result(of: fixture.payload.bytes) {
        case .failure(let rejection):
            #expect(rejection.rawValue == fixture.rejected)
        case .success(let envelope):
            let expected = try #require(fixture.accepted, "accepted, not \(fixture.rejected ?? "")")
            #expect(envelope.event.rawValue == expected.event)
            #expect(fixture.payload.bytes[envelope.data].elementsEqual(expected.data.bytes))
            #expect(envelope.id?.rawValue == expected.id)
            #expect(envelope.hasUnusableID == (expected.ignoredId ?? false))
            #expect(envelope.recipient?.rawValue == expected.user)
            #expect(envelope.timestamp == expected.ts)
            #expect(envelope.committedAt == expected.committedAt)
            #expect(envelope.placement?.position.description == expected.placement?.position)
            #expect(envelope.placement?.previous?.rawValue == expected.placement?.prev)
            #expect(envelope.placement?.epoch ?? 0 == expected.placement?.log ?? 0)
            let seen = (envelope.placement?.seen ?? []).map { ($0.channel, $0.id.rawValue) }
            #expect(Dictionary(seen) { $1 } == expected.placement?.seen ?? [:])
            #expect(envelope.traceparent == expected.traceparent)
            #expect(envelope.clientMessageID == expected.clientMsgId)
            #expect(envelope.retry == expected.retry)
        }
    }

    @Test func `each reason to refuse has a case, but the one of the size`() throws {
        let reasons = Set(try Self.cases.get().compactMap(\.rejected))
        #expect(reasons == Set(Envelope.Rejection.allCases.map(\.rawValue)).subtracting(["too_large"]))
    }

    @Test func `an envelope that is written is read as the same event`() throws {
        let event = Event(
            channel: .chat, name: try EventName("näme \"\\ 🚢"), data: ByteBuffer(string: "{\"a\":\n1 }"),
            id: EventID(7), recipient: try UserID("auth0|\"\\5f"),
            clientMessageID: "\u{1}\u{1F}\r\n\t\u{7F}\u{2028}\"\\",
            trace: TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        )
        let payload = Array(Envelope.encode(event, timestamp: 1_768_469_400_123).readableBytesView)
        let envelope = try Envelope.result(of: payload).get()
        #expect(envelope.event == event.name)
        #expect(payload[envelope.data].elementsEqual(event.data.readableBytesView))
        #expect(envelope.id == event.id)
        #expect(envelope.recipient == event.recipient)
        #expect(envelope.clientMessageID == event.clientMessageID)
        #expect(envelope.trace != nil && envelope.trace == event.trace)
        #expect(envelope.timestamp == 1_768_469_400_123)
        #expect(envelope.placement == nil)
    }

    @Test func `a log's envelope says where the event stands`() throws {
        let placement = Placement(
            id: try #require(EventID(12)), position: LogPosition(high: 14, late: 2), previous: EventID(9),
            seen: [.init(channel: "jobs", id: try #require(EventID(11)))], epoch: 3
        )
        let event = Event(channel: .chat, name: try EventName("message.new"), data: ByteBuffer(string: "1"))
        let payload = Envelope.encode(event, timestamp: 5, placement: placement)
        #expect(
            String(buffer: payload)
                == #"{"event":"message.new","id":"12","prev":"9","seen":{"jobs":"11"},"position":"14-2","log":"3","ts":5,"data":1}"#
        )
        let envelope = try Envelope.result(of: Array(payload.readableBytesView)).get()
        #expect(envelope.id == placement.id)
        #expect(envelope.placement == placement)
    }

    @Test func `an envelope that is written is JSON to others`() throws {
        let event = Event(channel: .chat, name: try EventName("a\"\\\u{85}"), data: ByteBuffer(string: "[1]"))
        let payload = Data(Envelope.encode(event, timestamp: 0).readableBytesView)
        let object = try #require(try JSONSerialization.jsonObject(with: payload) as? [String: Any])
        #expect(object["event"] as? String == event.name.rawValue)
        #expect(object["data"] as? [Int] == [1])
        #expect(object.keys.sorted() == ["data", "event", "ts"])
    }
}
