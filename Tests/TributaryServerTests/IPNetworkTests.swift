import NIOCore
import Testing

@testable import TributaryServer

@Suite struct IPNetworkTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.9.8.7/8", "10.0.0.1", true),
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("192.0.2.0/31", "192.0.2.1", true),
        ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "203.0.113.9", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::1", "::1", true),
        ("::ffff:10.0.0.0/104", "10.1.2.3", true), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("fe80::/10", "fe81::", true),
    ])
    func `it holds the addresses within its prefix`(network: String, address: String, isWithin: Bool) throws {
        #expect(try IPNetwork(network).contains(#require(IPAddress(address))) == isWithin, "\(network) \(address)")
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "::/129", "10.0.0.0/8/8",
        "host", "10.0.0.0 ",
        "::ffff:10.0.0.0/8", "fe80::1%eth0", "[::1]",
    ])
    func `what is none is told`(text: String) {
        #expect(throws: IPNetwork.Invalid(text: text)) { try IPNetwork(text) }
    }

    @Test func `an address has one spelling`() throws {
        for (text, spelling) in [
            ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8:0:0::1", "2001:db8::1"), ("127.0.0.1", "127.0.0.1"),
            ("::FFFF:7f00:1", "127.0.0.1"), ("::", "::"),
        ] {
            #expect(try #require(IPAddress(text)).description == spelling)
        }
        for text in ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"] {
            #expect(try #require(IPAddress(text)).isLoopback, "\(text)")
        }
        for text in ["128.0.0.1", "::2", "10.0.0.1", "::", "::7f00:1"] {
            #expect(try !#require(IPAddress(text)).isLoopback, "\(text)")
        }
        #expect(IPAddress(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
    }
}
