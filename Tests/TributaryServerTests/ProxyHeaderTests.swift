import NIOCore
import Testing
import TributaryTesting

@testable import TributaryServer

@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

    private static func binary(
        _ family: UInt8, _ block: [UInt8], command version: UInt8 = 0x21, count: Int? = nil
    ) -> [UInt8] {
        let count = count ?? block.count
        return signature + [version, family, UInt8(count >> 8), UInt8(count & 0xFF)] + block
    }

    private static let v4: [UInt8] = [198, 51, 100, 1, 192, 0, 2, 1, 1, 2, 3, 4]
    private static let v6: [UInt8] =
        [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [1] + Array(repeating: 0, count: 20)

    private static func parse(_ bytes: [UInt8]) throws -> ProxyHeader? {
        try ProxyHeader.parse(ByteBuffer(bytes: bytes).readableBytesView)
    }

    @Test(arguments: [
        (Array("PROXY TCP4 198.51.100.1 192.0.2.1 56324 443\r\n".utf8), "198.51.100.1"),
        (Array("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n".utf8), "2001:db8::1"),
        (Array("PROXY UNKNOWN\r\n".utf8), nil), (Array("PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n".utf8), nil),
        (binary(0x11, v4), "198.51.100.1"), (binary(0x12, v4), "198.51.100.1"), (binary(0x21, v6), "2001:db8::1"),
        (binary(0x11, v4 + [0x04, 0, 3, 1, 2, 3]), "198.51.100.1"), (binary(0x11, v4, command: 0x20), nil),
        (binary(0, [], command: 0x20), nil), (binary(0x00, []), nil),
        (binary(0x31, Array(repeating: 47, count: 216)), nil),
        (binary(0x11, v4 + Array(repeating: 7, count: 4_084)), "198.51.100.1"),
    ])
    func `both versions are read, whole and in pieces`(bytes: [UInt8], source: String?) throws {
        let header = ProxyHeader(source: source.flatMap { IPAddress($0) }, length: bytes.count)
        #expect(try Self.parse(bytes + Array("GET / HTTP/1.1\r\n".utf8)) == header)
        for count in 0..<bytes.count {
            #expect(try Self.parse(Array(bytes.prefix(count))) == nil, "\(count) of \(bytes.count)")
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXY\r\n", "proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n", "PROXY TCP4 ::1 ::1 1 1\r\n",
        "PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n", "PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n",
        "PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n",
        "\u{16}\u{3}\u{1}", "PROXY \r\n",
    ])
    func `what is no header of version 1 is refused`(text: String) {
        #expect(throws: ProxyHeader.Malformed.self) { try Self.parse(Array(text.utf8)) }
    }

    @Test func `a line without an end is refused at its longest`() throws {
        let line = Array("PROXY UNKNOWN ".utf8) + Array(repeating: UInt8(ascii: "x"), count: 200)
        #expect(try Self.parse(Array(line.prefix(106))) == nil)
        #expect(throws: ProxyHeader.Malformed.self) { try Self.parse(Array(line.prefix(107))) }
    }

    @Test(arguments: [
        binary(0x11, v4, command: 0x11), binary(0x11, v4, command: 0x31), binary(0x11, v4, command: 0x22),
        binary(0x11, v4, command: 0x2F),
        binary(0x11, Array(v4.prefix(11))), binary(0x21, Array(v6.prefix(35))), binary(0x31, v6), binary(0x41, v4),
        binary(0x11, [], count: 4_097), binary(0x11, [], count: 65_535), Array(signature.dropLast()) + [0x0B],
        signature + [0x11],
    ])
    func `what is no header of version 2 is refused, however long it says it is`(bytes: [UInt8]) {
        #expect(throws: ProxyHeader.Malformed.self) { try Self.parse(bytes) }
    }

    @Test func `whatever bytes come, they are refused, awaited or read, and never more than there are`() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            var bytes =
                Bool.random(using: &random)
                ? Self.binary(0x11, Self.v4) : Array("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n".utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let header = try? Self.parse(bytes) { #expect(header.length <= bytes.count) }
        }
    }
}
