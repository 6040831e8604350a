import NIOCore
import Testing
import TributaryTesting

@testable import TributaryRedis

@Suite struct RESPReaderTests {
    @Test func `every type of reply is read`() throws {
        #expect(try read("+OK\r\n") == [.simpleString("OK")])
        #expect(try read("-ERR no\r\n") == [.error("ERR no")])
        #expect(try read(":-42\r\n") == [.integer(-42)])
        #expect(try read(":9223372036854775807\r\n") == [.integer(.max)])
        #expect(try read("$5\r\nhe\r\no\r\n") == [.bulk("he\r\no")])
        #expect(try read("$0\r\n\r\n") == [.bulk("")])
        #expect(try read("$-1\r\n*-1\r\n") == [.null, .null])
        #expect(try read("*0\r\n") == [.array([])])
        #expect(
            try read("*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n-ERR in it\r\n") == [
                .array([.integer(1), .array([.bulk("a"), .null]), .error("ERR in it")])
            ])
        #expect(
            try read("*2\r\n*0\r\n*1\r\n*0\r\n+next\r\n") == [
                .array([.array([]), .array([.array([])])]), .simpleString("next"),
            ])
    }

    @Test func `replies split at every byte are the same replies`() throws {
        let bytes = Array("+OK\r\n*3\r\n$3\r\nabc\r\n*2\r\n:7\r\n$-1\r\n$4\r\n\r\n\r\n\r\n-E x\r\n$3\r\n€\r\n".utf8)
        let whole = try read(bytes)
        #expect(whole.count == 4)
        for cut in 0...bytes.count {
            #expect(try read(Array(bytes[..<cut]), Array(bytes[cut...])) == whole)
        }
        #expect(try read(bytes.map { [$0] }) == whole)
    }

    @Test func `arrays go eight levels deep and no further`() throws {
        func nested(_ levels: Int) -> String { String(repeating: "*1\r\n", count: levels) + ":1\r\n" }
        #expect(try read(nested(7)).count == 1)
        #expect(try read(nested(8)).count == 1)
        #expect(throws: RedisError.self) { try read(nested(9)) }
    }

    @Test func `an error is sticky`() {
        let reader = RESPReader(sink: ValueSink(maximumBytes: 1_000) { _ in }, maximumBufferedBytes: 1_000)
        #expect(throws: RedisError.self) { try feed(reader, Array("!\r\n".utf8)) }
        #expect(throws: RedisError.self) { try feed(reader, Array("+OK\r\n".utf8)) }
    }

    @Test func `a reply over the limit is refused before it is kept`() {
        #expect(throws: RedisError.replyTooLarge(limit: 1_000)) { try read("$1001\r\na", limit: 1_000) }
        #expect(throws: RedisError.replyTooLarge(limit: 1_000)) { try read("$9223372036854775800\r\na", limit: 1_000) }
        // Many small elements cost memory too.
        let elements = String(repeating: ":1\r\n", count: 1_000)
        #expect(throws: RedisError.replyTooLarge(limit: 1_000)) { try read("*1000000\r\n" + elements, limit: 1_000) }
        // The limit is one reply's, not all replies'.
        #expect(
            (try? read(String(repeating: "$500\r\n\(String(repeating: "x", count: 500))\r\n", count: 10), limit: 1_000))?
                .count == 10)
    }

    @Test func `a line that does not end is refused`() {
        #expect(throws: RedisError.self) { try read("+" + String(repeating: "x", count: 100_000)) }
        #expect(throws: RedisError.self) { try read("$" + String(repeating: "1", count: 100_000)) }
    }

    @Test func `an array's claimed size reserves nothing`() throws {
        #expect(try read("*2147483647\r\n:1\r\n") == [])
    }

    @Test func `random bytes and broken replies never crash the reader`() {
        var generator = SeededGenerator(seed: 1)
        let pieces = [
            "*", "$", ":", "+", "-", "\r\n", "\r", "\n", "3", "-1", "0", "9999999999999999999", "message", "7",
        ]
        var refused = 0
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            if Bool.random(using: &generator) {
                bytes = (0..<Int.random(in: 0...64, using: &generator)).map { _ in
                    .random(in: 0...255, using: &generator)
                }
            } else {
                for _ in 0..<Int.random(in: 1...24, using: &generator) {
                    bytes += Array((pieces.randomElement(using: &generator) ?? "").utf8)
                }
            }
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            do {
                _ = try read(Array(bytes[..<cut]), Array(bytes[cut...]))
            } catch {
                refused += 1
            }
        }
        #expect(refused > 10_000)
    }

    @Test func `valid replies survive random cuts`() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            let value = RESPValue.random(depth: 3, using: &generator)
            var rest = Array(value.encoded)[...]
            var chunks: [[UInt8]] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(rest.count, 20), using: &generator)
                chunks.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(try read(chunks) == [value])
        }
    }

    private func read(_ text: String, limit: Int = 1 << 20) throws -> [RESPValue] {
        try read([Array(text.utf8)], limit: limit)
    }

    private func read(_ chunks: [UInt8]...) throws -> [RESPValue] {
        try read(chunks)
    }

    private func read(_ chunks: [[UInt8]], limit: Int = 1 << 20) throws -> [RESPValue] {
        var values: [RESPValue] = []
        let reader = RESPReader(sink: ValueSink(maximumBytes: limit) { values.append($0) }, maximumBufferedBytes: limit)
        for chunk in chunks { try feed(reader, chunk) }
        return values
    }
}

/// Feeds the bytes from memory of their own, so that a pointer kept too long does not go unnoticed.
func feed(_ reader: RESPReader, _ bytes: [UInt8]) throws(RedisError) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    try reader.feed(UnsafeRawBufferPointer(copy))
}

extension RESPValue {
    static func bulk(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }

    static func random(depth: Int, using generator: inout SeededGenerator) -> RESPValue {
        switch Int.random(in: 0...(depth > 0 ? 5 : 4), using: &generator) {
        case 0: .simpleString("s\(UInt8.random(in: 0...255, using: &generator))")
        case 1: .error("ERR \(UInt8.random(in: 0...255, using: &generator))")
        case 2: .integer(.random(in: .min ... .max, using: &generator))
        case 3: .null
        case 4:
            .bulkString(
                ByteBuffer(
                    bytes: (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                        UInt8.random(in: 0...255, using: &generator)
                    }))
        default:
            .array(
                (0..<Int.random(in: 0...4, using: &generator)).map { _ in .random(depth: depth - 1, using: &generator) }
            )
        }
    }

    var encoded: [UInt8] {
        switch self {
        case .simpleString(let text): Array("+\(text)\r\n".utf8)
        case .error(let text): Array("-\(text)\r\n".utf8)
        case .integer(let value): Array(":\(value)\r\n".utf8)
        case .null: Array("$-1\r\n".utf8)
        case .bulkString(let bytes): Array("$\(bytes.readableBytes)\r\n".utf8) + bytes.readableBytesView + [13, 10]
        case .array(let values): Array("*\(values.count)\r\n".utf8) + values.flatMap(\.encoded)
        }
    }
}
