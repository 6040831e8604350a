import Foundation
import Testing
import TributaryTesting
import TributaryProtocol

/// Random damage to valid streams, cut at random; the standard's algorithm as it is written is the second opinion.
struct EventStreamFuzzTests {
    private static let words = [
        "\n", "\r", "\r\n", "\n\n", "\r\r", ":", ": ", "data", "data:", "data: ", "event: x\n", "id", "id: 7\n",
        "id:\n",
        "id: \0\n", "retry: 10\n", "retry: 1x\n", "\0", " ", "é", "🚢", "\u{FEFF}", "\u{2028}",
    ]
    private static let brokenUTF8: [[UInt8]] = [
        [0xFF], [0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xEF], [0xEF, 0xBB], [0xF0, 0x9F],
    ]
    private static let tokens = words.map { Array($0.utf8) } + brokenUTF8

    @Test(.timeLimit(.minutes(5))) func `100,000 damaged streams are read alike however they are cut`() throws {
        let corpus = try EventStreamFixtureTests.cases.get().map(\.bytes).filter { $0.count < 100 }
        var random = SeededGenerator(seed: 1)
        var dispatched = 0
        for _ in 0..<100_000 {
            var bytes = random.pick(corpus)
            random.mutate(&bytes, tokens: Self.tokens)
            let expected = NaiveEventStream.read(bytes, lastEventID: "0")
            dispatched += expected.events.count
            var decoder = ServerSentEventDecoder(lastEventID: "0")
            var events: [ServerSentEvent] = []
            var start = 0
            repeat {
                let end = min(bytes.count, start + random.below(12))
                try decoder.feed(bytes[start..<end]) { events.append($0) }
                start = end
            } while start < bytes.count
            let same =
                events == expected.events && decoder.lastEventID == expected.lastEventID
                && decoder.retryMilliseconds == expected.retry
            if !same { Issue.record("\(events) is not \(expected): \(bytes)") }
        }
        #expect(dispatched > 50_000)
    }

    @Test func `a decoder refuses what grows beyond its limit, however it is cut`() throws {
        let streams = [
            "data: " + String(repeating: "x", count: 200) + "\n\n", ": " + String(repeating: "x", count: 200) + "\n\n",
            String(repeating: "x", count: 200), String(repeating: "data: 0123456789\n", count: 20),
            String(repeating: "data:\n", count: 200),
        ]
        for stream in streams {
            let bytes = Array(stream.utf8)
            for size in [1, 2, 7, 64, bytes.count] {
                var decoder = ServerSentEventDecoder(maximumEventBytes: 100)
                #expect(throws: ServerSentEventDecoder.EventTooLarge.self, "\(stream) by \(size)") {
                    for start in stride(from: 0, to: bytes.count, by: size) {
                        try decoder.feed(bytes[start..<min(bytes.count, start + size)]) { _ in }
                    }
                }
            }
        }
    }

    @Test func `a decoder's limit is for one event, not for the stream`() throws {
        var decoder = ServerSentEventDecoder(maximumEventBytes: 100)
        var count = 0
        for _ in 0..<100 { try decoder.feed(Array(": hello\ndata: 0123456789\n\n".utf8)) { _ in count += 1 } }
        #expect(count == 100)
    }

    @Test func `what a handler throws comes out of feed`() {
        struct Stop: Error {}
        var decoder = ServerSentEventDecoder()
        #expect(throws: Stop.self) { try decoder.feed(Array("data: a\n\n".utf8)) { _ in throw Stop() } }
    }
}
