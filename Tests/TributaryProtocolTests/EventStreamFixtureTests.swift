import Foundation
import Testing
import TributaryProtocol

/// `Protocols/fixtures/event-stream.json`: bytes of a stream and the events that they stand for.
struct EventStreamFixtureTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        struct Dispatched: Decodable, Sendable {
            let event: String
            let data: FixtureBytes
            let id: String?
            let lastEventId: String
        }

        let name: String
        let resumeFrom: String?
        let chunks: [FixtureBytes.Part]
        let events: [Dispatched]
        let lastEventId: String
        let retry: Int?

        var testDescription: String { name }
        var bytes: [UInt8] { chunks.flatMap(\.bytes) }

        var expected: [ServerSentEvent] {
            events.map {
                ServerSentEvent(event: $0.event, data: $0.data.text, id: $0.id, lastEventID: $0.lastEventId)
            }
        }
    }

    static let cases = Result { try Contract.decode(FixtureFile<Case>.self, from: "fixtures/event-stream.json").cases }

    /// Streams of more bytes than this are not tried at each split point: it would take minutes, and show nothing new.
    private static let small = 6_000

    @Test func `there are fixtures`() throws {
        #expect(try Self.cases.get().count >= 100)
    }

    @Test(arguments: try cases.get())
    func `a stream stands for its events, cut as the fixture cuts it`(_ fixture: Case) throws {
        try check(fixture, chunks: fixture.chunks.map { $0.bytes[...] })
    }

    @Test(arguments: try cases.get())
    func `a stream stands for its events in one piece`(_ fixture: Case) throws {
        try check(fixture, chunks: [fixture.bytes[...]])
    }

    @Test(arguments: try cases.get())
    func `a stream stands for its events byte by byte`(_ fixture: Case) throws {
        let bytes = fixture.bytes
        try check(fixture, chunks: bytes.indices.map { bytes[$0...$0] })
    }

    @Test(arguments: try cases.get())
    func `a stream stands for its events at every split point`(_ fixture: Case) throws {
        let bytes = fixture.bytes
        let step = bytes.count <= Self.small ? 1 : bytes.count / 5
        for split in stride(from: 0, through: bytes.count, by: step) {
            try check(fixture, chunks: [bytes[..<split], bytes[split...]])
        }
    }

    @Test(arguments: try cases.get())
    func `the naive reader of the fuzz tests agrees`(_ fixture: Case) {
        let read = NaiveEventStream.read(fixture.bytes, lastEventID: fixture.resumeFrom ?? "")
        #expect(read.events == fixture.expected)
        #expect(read.lastEventID == fixture.lastEventId)
        #expect(read.retry == fixture.retry)
    }

    private func check(_ fixture: Case, chunks: [ArraySlice<UInt8>]) throws {
        var decoder = ServerSentEventDecoder(lastEventID: fixture.resumeFrom ?? "")
        var events: [ServerSentEvent] = []
        for chunk in chunks { try decoder.feed(chunk) { events.append($0) } }
        // Compared by hand, because a failed `#expect` would print a mebibyte.
        let expected = fixture.expected
        guard events != expected else {
            #expect(decoder.lastEventID == fixture.lastEventId)
            #expect(decoder.retryMilliseconds == fixture.retry)
            return
        }
        let sizes = chunks.count <= 4 ? "\(chunks.map(\.count))" : "\(chunks.count) chunks"
        Issue.record("cut into \(sizes): \(brief(events)) is not \(brief(expected))")
    }

    private func brief(_ events: [ServerSentEvent]) -> String {
        "\(events.map { ($0.event, $0.data.prefix(40), $0.data.utf8.count, $0.id ?? "-", $0.lastEventID) })"
    }
}
