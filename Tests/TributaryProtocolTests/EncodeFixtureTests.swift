import Foundation
import NIOCore
import Testing
import TributaryProtocol

/// `Protocols/fixtures/encode.json`: events and the exact bytes that the hub writes for them.
struct EncodeFixtureTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let event: String
        let id: UInt64?
        let retry: Int?
        let data: FixtureBytes
        let bytes: FixtureBytes
        let decoded: FixtureBytes?

        var testDescription: String { name }
    }

    static let cases = Result { try Contract.decode(FixtureFile<Case>.self, from: "fixtures/encode.json").cases }

    @Test(arguments: try cases.get())
    func `an event is written as its bytes`(_ fixture: Case) throws {
        let frame = try encode(fixture)
        #expect(Array(frame.readableBytesView) == fixture.bytes.bytes)
    }

    @Test(arguments: try cases.get())
    func `data in a string makes the same bytes`(_ fixture: Case) throws {
        var buffer = ByteBuffer()
        ServerSentEventEncoder.encode(
            event: try EventName(fixture.event), data: fixture.data.text, id: fixture.id.flatMap { EventID($0) },
            retry: fixture.retry, into: &buffer
        )
        #expect(Array(buffer.readableBytesView) == fixture.bytes.bytes)
    }

    @Test(arguments: try cases.get())
    func `a written event is read as what it was`(_ fixture: Case) throws {
        let expected = ServerSentEvent(
            event: fixture.event, data: (fixture.decoded ?? fixture.data).text, id: fixture.id.map(String.init)
        )
        let frame = try encode(fixture)
        var decoder = ServerSentEventDecoder()
        var events: [ServerSentEvent] = []
        try decoder.feed(frame.readableBytesView) { events.append($0) }
        #expect(events == [expected])
        #expect(decoder.retryMilliseconds == fixture.retry)
    }

    @Test func `a frame is appended to what stands in the buffer`() throws {
        var buffer = ByteBuffer(string: ": heartbeat\n\n")
        ServerSentEventEncoder.encode(event: .gap, data: "{}", into: &buffer)
        #expect(String(buffer: buffer) == ": heartbeat\n\nevent: gap\ndata: {}\n\n")
    }

    @Test func `a comment is no event`() throws {
        var decoder = ServerSentEventDecoder()
        try decoder.feed(Array("\(ServerSentEventEncoder.heartbeatComment)".utf8)) { _ in Issue.record("an event") }
    }

    private func encode(_ fixture: Case) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        let (name, id) = (try EventName(fixture.event), fixture.id.flatMap { EventID($0) })
        fixture.data.bytes.withUnsafeBytes {
            ServerSentEventEncoder.encode(event: name, data: $0, id: id, retry: fixture.retry, into: &buffer)
        }
        return buffer
    }
}
