import NIOCore
import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// The hub against a model that any reader can check: random streams, events, stalls and departures.
@Suite struct ModelTests {
    private final class Reader {
        let session: StreamSession
        let sink: RecordingSink
        let channels: Set<String>
        let user: String
        var expected: [String] = []
        var isOpen = true

        init(session: StreamSession, sink: RecordingSink, channels: Set<String>, user: String) {
            self.session = session
            self.sink = sink
            self.channels = channels
            self.user = user
        }
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `every stream gets exactly what it listens to, in order, however slowly it reads`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let node = try Node { $0.slowConsumerMilliseconds = 10_000_000 }
        let names = ["chat", "jobs", "presence"]
        var readers: [Reader] = []
        var number = 0
        for _ in 0..<400 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0, 1:
                let channels = names.filter { _ in Bool.random(using: &generator) }
                guard !channels.isEmpty else { continue }
                let user = "u\(Int.random(in: 0..<4, using: &generator))"
                let sink = RecordingSink()
                let request = StreamRequest(
                    user: try UserID(user), project: try ProjectID("p1"), channels: try node.channels(channels)
                )
                let session = node.shard.open(request, sink: sink)
                readers.append(Reader(session: session, sink: sink, channels: Set(channels), user: user))
            case 2:
                guard let reader = readers.randomElement(using: &generator), reader.isOpen else { continue }
                reader.isOpen = false
                reader.session.sinkClosed(.client)
            case 3:
                readers.randomElement(using: &generator)?.sink.stall()
            case 4, 5:
                guard let reader = readers.randomElement(using: &generator), reader.isOpen else { continue }
                let bytes = Bool.random(using: &generator) ? nil : Int.random(in: 0...500, using: &generator)
                if reader.sink.resume(bytes: bytes) { reader.session.sinkDrained() }
            default:
                for _ in 0..<Int.random(in: 1...20, using: &generator) {
                    let channel = try #require(names.randomElement(using: &generator))
                    let user = Int.random(in: 0..<4, using: &generator) == 0 ? "u1" : nil
                    number += 1
                    let to = user.map { #","to":{"user":"\#($0)"}"# } ?? ""
                    let padding = String(repeating: "x", count: Int.random(in: 0...300, using: &generator))
                    try node.receive("\(channel):p1", #"{"event":"e\#(number)","data":"\#(padding)"\#(to)}"#)
                    for reader in readers where reader.isOpen && reader.channels.contains(channel) {
                        if user == nil || user == reader.user { reader.expected.append("e\(number)") }
                    }
                }
                node.intake.relayFinishedBatch()
            }
        }
        // Those that closed are cleared away in turns.
        for _ in readers { node.loop.advanceTime(by: PacedWork.pause) }
        var total = 0
        for reader in readers {
            for _ in 0..<1_000 where reader.isOpen && reader.session.isBehind {
                if reader.sink.resume() { reader.session.sinkDrained() }
            }
            let seen = try reader.sink.events().dropFirst().map(\.event)
            if reader.isOpen {
                #expect(seen == reader.expected)
            } else {
                #expect(Array(reader.expected.prefix(seen.count)) == seen)
            }
            total += seen.count
        }
        // What a closed stream had in flight may have been taken in part: only then do the sums differ.
        let delivered = try names.reduce(0) { $0 + Int(try node.delivered($1)) }
        #expect(delivered <= total)
        if readers.allSatisfy(\.isOpen) { #expect(delivered == total) }
        #expect(node.shard.figures(project: nil).tailBytes == 0)
    }

    @Test func `a segment holds at most 64 KiB, or one frame`() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<8 {
            var builder = SegmentBuilder()
            var whole = ByteBuffer()
            for _ in 0..<Int.random(in: 0...40, using: &generator) {
                let frame = ByteBuffer(repeating: 7, count: Int.random(in: 1...30_000, using: &generator))
                whole.writeImmutableBuffer(frame)
                builder.append(for: .channel(0)) { $0.writeImmutableBuffer(frame) }
            }
            let segments = builder.seal()
            #expect(segments.allSatisfy { $0.bytes.readableBytes <= Segment.capacity || $0.frames.count == 1 })
            #expect(segments.allSatisfy { $0.frames.last?.end == $0.bytes.readableBytes })
            var joined = ByteBuffer()
            for segment in segments { joined.writeImmutableBuffer(segment.bytes) }
            #expect(joined == whole)
            #expect(builder.seal().isEmpty)
        }
    }

    @Test func `a channel set lists its members in order`() {
        #expect(Array(ChannelSet(rawValue: 0b1011).indices) == [0, 1, 3])
        #expect(ChannelSet.all(of: 64).indices.reduce(0) { $0 + $1 } == 2_016)
        #expect(Array(ChannelSet().indices).isEmpty)
    }

    @Test func `a timestamp reads like JavaScript's`() {
        #expect(Instant(milliseconds: 0).iso8601 == "1970-01-01T00:00:00.000Z")
        #expect(Instant(milliseconds: 1_795_256_100_007).iso8601 == "2026-11-21T10:15:00.007Z")
    }
}
