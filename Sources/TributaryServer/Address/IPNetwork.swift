import TributaryProtocol

/// A range of addresses in CIDR notation, such as `10.0.0.0/8` or `2001:db8::/32`; an address alone is a range of one.
public struct IPNetwork: Sendable, Equatable {
    /// Why a text is none.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let text: String
        public var description: String { "\"\(text)\" is no network such as 10.0.0.0/8 or 2001:db8::/32" }
    }

    private let isIPv4: Bool
    private let prefix: UInt128
    /// How many low bits differ within the network.
    private let hostBits: Int

    /// - Throws: ``Invalid``.
    public init(_ text: String) throws(Invalid) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress($0) }) else { throw Invalid(text: text) }
        var length = address.isIPv4 ? 32 : 128
        if parts.count == 2 {
            // An IPv4 network that is written as IPv6 has 96 bits before it.
            let isMapped = address.isIPv4 && parts[0].contains(":")
            guard let given = UInt64(digits: parts[1].utf8), given <= 128 else { throw Invalid(text: text) }
            let own = Int(given) - (isMapped ? 96 : 0)
            guard (0...length).contains(own) else { throw Invalid(text: text) }
            length = own
        }
        isIPv4 = address.isIPv4
        hostBits = (isIPv4 ? 32 : 128) - length
        prefix = address.bits >> hostBits
    }

    func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 == isIPv4 && address.bits >> hostBits == prefix
    }
}

extension [IPNetwork] {
    func contains(_ address: IPAddress) -> Bool { contains { $0.contains(address) } }
}
