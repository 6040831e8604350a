import NIOCore
import NIOEmbedded
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryRedis

@Suite struct PushSinkTests {
    @Test func `messages reach the receiver, other replies the relay`() throws {
        let push = Push(limit: 1_000)
        try push.feed(Push.message("chat:p1", "one") + Push.message("jobs:p1", ""))
        try push.feed(Array("*3\r\n$9\r\nsubscribe\r\n$7\r\nchat:p2\r\n:3\r\n".utf8))
        try push.feed(Array("*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n".utf8))
        try push.feed(Array("+OK\r\n-NOPERM no\r\n".utf8))
        #expect(
            push.recorder.entries == [
                .received(Array("one".utf8), .chat("p1")), .received([], .jobs("p1")),
            ])
        #expect(
            push.replies == [.subscribed, .unsubscribed, .pong, .value(.simpleString("OK")), .refused("NOPERM no")])
    }

    @Test func `a batch ends once, and only if there was one`() throws {
        let push = Push(limit: 1_000)
        push.sink.finishBatch()
        try push.feed(Push.message("chat:p1", "one") + Push.message("chat:p1", "two"))
        push.sink.finishBatch()
        push.sink.finishBatch()
        #expect(push.recorder.entries.map { $0 == .finishedBatch } == [false, false, true])
    }

    @Test func `messages on unknown topics are dropped, the node's own go to the probe`() throws {
        let push = Push(limit: 1_000)
        try push.feed(
            Push.message("chat:p9", "x") + Push.message("tributary:control:n", "token") + Push.message("", ""))
        #expect(push.recorder.entries.isEmpty)
        #expect(push.probes == ["token"])
    }

    @Test func `a payload over the limit is rejected, however it is cut, and the next one arrives`() throws {
        for size in [11, 4_000, 5_000, 300_000] {
            let bytes = Push.message("chat:p1", String(repeating: "x", count: size)) + Push.message("chat:p1", "next")
            for chunk in [1, 7, 4_095, 4_096, 65_536] where chunk > 1 || size < 5_000 {
                let push = Push(limit: 10)
                for start in stride(from: 0, to: bytes.count, by: chunk) {
                    try push.feed(Array(bytes[start..<min(start + chunk, bytes.count)]))
                }
                #expect(
                    push.recorder.entries == [
                        .rejected(.tooLarge, .chat("p1")), .received(Array("next".utf8), .chat("p1")),
                    ])
            }
        }
    }

    @Test func `a payload at the limit is delivered`() throws {
        let push = Push(limit: 10_000)
        let bytes = Push.message("chat:p1", String(repeating: "x", count: 10_000))
        for start in stride(from: 0, to: bytes.count, by: 100) {
            try push.feed(Array(bytes[start..<min(start + 100, bytes.count)]))
        }
        #expect(push.recorder.messages == [String(repeating: "x", count: 10_000)])
    }

    @Test func `an absurd length ends the connection at its first bytes`() {
        let push = Push(limit: 1_000)
        #expect(throws: RedisError.self) {
            try push.feed(Array("*3\r\n$7\r\nmessage\r\n$7\r\nchat:p1\r\n$9223372036854775800\r\nx".utf8))
        }
        #expect(throws: RedisError.self) { try Push(limit: 1_000).feed(Array("*3\r\n$5000\r\nx".utf8)) }
        #expect(throws: RedisError.self) {
            try Push(limit: 1_000).feed(Array("*3\r\n$7\r\nmessage\r\n$5000\r\nx".utf8))
        }
    }

    @Test(arguments: [
        "*1\r\n*1\r\n:1\r\n", "*3\r\n:1\r\n", "*3\r\n$7\r\nmessage\r\n:1\r\n", "*0\r\n", "HTTP/1.1 200 OK\r\n",
    ])
    func `what is not pub/sub is refused`(_ text: String) {
        #expect(throws: RedisError.self) { try Push(limit: 1_000).feed(Array(text.utf8)) }
    }

    @Test func `random pushes never crash it`() {
        var generator = SeededGenerator(seed: 3)
        let pieces =
            [
                "*3\r\n", "*2\r\n", "$7\r\nmessage\r\n", "$7\r\nchat:p1\r\n", "$9\r\nsubscribe\r\n", ":1\r\n",
                "$-1\r\n", "$3\r\nabc\r\n",
                "$5000\r\n", "+OK\r\n", "-ERR\r\n", "*1\r\n", "\r\n", "$", String(repeating: "y", count: 5_002),
            ] + Array(repeating: String(decoding: Push.message("chat:p1", "whole"), as: UTF8.self), count: 10)
        var refused = 0
        var delivered = 0
        for _ in 0..<20_000 {
            let push = Push(limit: 1_000)
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                bytes += Array((pieces.randomElement(using: &generator) ?? "").utf8)
            }
            if Int.random(in: 0..<4, using: &generator) == 0, !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            do {
                try push.feed(Array(bytes[..<cut]))
                try push.feed(Array(bytes[cut...]))
            } catch {
                refused += 1
            }
            delivered += push.recorder.messageCount
        }
        #expect(refused > 5_000)
        #expect(delivered > 5_000)
    }
}

/// A sink with its reader, without a socket.
private final class Push {
    let recorder = RelayRecorder(eventLoop: EmbeddedEventLoop())
    private(set) var replies: [PushSink.Reply] = []
    private(set) var probes: [String] = []
    private(set) lazy var sink: PushSink = {
        let topics = TopicTable()
        for topic in [Topic.chat("p1"), .jobs("p1")] { topics.insert(topic, name: topic.name) }
        return PushSink(
            topics: topics,
            receiver: recorder,
            control: "tributary:control:n",
            maximumPayloadBytes: limit,
            replied: { [unowned self] in replies.append($0) },
            probed: { [unowned self] in probes.append(String(decoding: $0, as: UTF8.self)) }
        )
    }()
    private lazy var reader = RESPReader(sink: sink, maximumBufferedBytes: limit)
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    func feed(_ bytes: [UInt8]) throws(RedisError) {
        try TributaryRedisTests.feed(reader, bytes)
    }

    static func message(_ name: String, _ payload: String) -> [UInt8] {
        RESPValue.array([.bulk("message"), .bulk(name), .bulk(payload)]).encoded
    }
}
