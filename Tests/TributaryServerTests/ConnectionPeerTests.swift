import NIOHTTP1
import Testing

@testable import TributaryServer

@Suite struct ConnectionPeerTests {
    private static func client(_ peer: String, _ trusted: [String], _ headers: HTTPHeaders) throws -> ClientAddress {
        try ConnectionPeer(address: IPAddress(peer), trustedProxies: trusted.map { try IPNetwork($0) }).client(headers)
    }

    private static func forwarded(_ values: String...) -> HTTPHeaders {
        HTTPHeaders(values.map { ("X-Forwarded-For", $0) })
    }

    @Test func `without a trusted proxy, what is forwarded is passed over`() throws {
        #expect(try Self.client("203.0.113.9", [], Self.forwarded("198.51.100.1")).text == "203.0.113.9")
        #expect(try Self.client("203.0.113.9", ["10.0.0.0/8"], Self.forwarded("198.51.100.1")).text == "203.0.113.9")
        #expect(try Self.client("::ffff:203.0.113.9", [], [:]).text == "203.0.113.9")
    }

    @Test(arguments: [
        (["198.51.100.1"], "198.51.100.1"), (["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        (["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        (["6.6.6.6", "198.51.100.1", "10.0.0.2,10.0.0.3"], "198.51.100.1"),
        (["10.0.0.2, 10.0.0.3"], "10.0.0.2"), (["198.51.100.1:4711"], "198.51.100.1"),
        (["[2001:db8::1]:4711"], "2001:db8::1"), (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:198.51.100.1"], "198.51.100.1"),
        ([" \t198.51.100.1 "], "198.51.100.1"), (["198.51.100.1, unknown"], "10.0.0.1"),
        (["198.51.100.1, _hidden, 10.0.0.2"], "10.0.0.2"), (["198.51.100.1,"], "198.51.100.1"), ([""], "10.0.0.1"),
    ])
    func `a trusted proxy's word is read from the right`(values: [String], client: String) throws {
        let headers = HTTPHeaders(values.map { ("X-Forwarded-For", $0) })
        #expect(try Self.client("10.0.0.1", ["10.0.0.0/8"], headers).text == client)
    }

    @Test func `only a request of this machine's own that nobody brought is local`() throws {
        #expect(try Self.client("127.0.0.1", [], [:]).isLocal)
        #expect(try Self.client("::1", [], [:]).isLocal)
        #expect(try !Self.client("192.0.2.1", [], [:]).isLocal)
        // Through a proxy that nobody named: who knows from where.
        #expect(try !Self.client("127.0.0.1", [], Self.forwarded("127.0.0.1")).isLocal)
        #expect(try !Self.client("127.0.0.1", [], ["Forwarded": "for=203.0.113.9"]).isLocal)
        // Through one that was named.
        #expect(try Self.client("127.0.0.1", ["127.0.0.1"], Self.forwarded("127.0.0.1")).isLocal)
        #expect(try !Self.client("127.0.0.1", ["127.0.0.1"], Self.forwarded("203.0.113.9")).isLocal)
        #expect(try !Self.client("127.0.0.1", ["127.0.0.1"], Self.forwarded("127.0.0.1, 203.0.113.9")).isLocal)
        #expect(try !Self.client("127.0.0.1", ["127.0.0.1"], Self.forwarded("203.0.113.9, unknown")).isLocal)
        #expect(try !Self.client("127.0.0.1", ["127.0.0.1"], ["Forwarded": "for=203.0.113.9"]).isLocal)
    }
}
