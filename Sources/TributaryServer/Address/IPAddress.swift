import NIOCore

/// An IPv4 or IPv6 address. One of IPv4 that is written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address, so that each
/// address has one spelling where it is compared, counted and shown.
struct IPAddress: Sendable, Hashable {
    let isIPv4: Bool
    /// 32 of them for IPv4, 128 for IPv6.
    let bits: UInt128

    init(v4 bits: UInt32) {
        isIPv4 = true
        self.bits = UInt128(bits)
    }

    init(v6 bits: UInt128) {
        isIPv4 = bits >> 32 == 0xFFFF
        self.bits = isIPv4 ? bits & 0xFFFF_FFFF : bits
    }

    /// `nil` for what is no address, such as a name, or one with a port or a zone.
    init?(_ text: some StringProtocol) {
        guard !text.contains("%"), let address = try? SocketAddress(ipAddress: String(text), port: 0) else {
            return nil
        }
        self.init(address)
    }

    /// `nil` for a Unix domain socket.
    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let address): self = withUnsafeBytes(of: address.address) { IPAddress(sockaddrIn: $0) }
        case .v6(let address): self = withUnsafeBytes(of: address.address) { IPAddress(sockaddrIn6: $0) }
        case .unixDomainSocket: return nil
        }
    }

    /// From a `sockaddr_in`: behind family and port, 2 bytes each.
    init(sockaddrIn bytes: UnsafeRawBufferPointer) {
        self.init(v4: bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// From a `sockaddr_in6`: behind family and port, and 4 bytes of flow.
    init(sockaddrIn6 bytes: UnsafeRawBufferPointer) {
        self.init(v6: bytes[8..<24].reduce(0) { $0 << 8 | UInt128($1) })
    }

    /// Only this machine reaches it: 127.0.0.0/8 and ::1.
    var isLoopback: Bool { isIPv4 ? bits >> 24 == 127 : bits == 1 }
}

extension IPAddress: CustomStringConvertible {
    var description: String {
        if isIPv4 { return dottedDecimal }
        var packed = ByteBuffer()
        packed.writeInteger(UInt64(truncatingIfNeeded: bits >> 64))
        packed.writeInteger(UInt64(truncatingIfNeeded: bits))
        return (try? SocketAddress(packedIPAddress: packed, port: 0))?.ipAddress ?? "unknown"
    }

    /// As `inet_ntop` has it; written out, because each stream needs one.
    private var dottedDecimal: String {
        String(unsafeUninitializedCapacity: 15) { text in
            var count = 0
            func write(_ byte: UInt8) {
                text[count] = byte
                count += 1
            }
            for shift in stride(from: UInt128(24), through: 0, by: -8) {
                let octet = UInt8(truncatingIfNeeded: bits >> shift)
                if octet >= 100 { write(UInt8(ascii: "0") + octet / 100) }
                if octet >= 10 { write(UInt8(ascii: "0") + octet / 10 % 10) }
                write(UInt8(ascii: "0") + octet % 10)
                if shift > 0 { write(UInt8(ascii: ".")) }
            }
            return count
        }
    }
}
