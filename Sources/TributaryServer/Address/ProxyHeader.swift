import NIOCore
import TributaryProtocol

/// What a proxy sends before everything else on a connection: whose connection it is. Versions 1 (text) and 2 (binary) of the
/// PROXY protocol: https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
struct ProxyHeader: Equatable {
    /// Whose connection it is; `nil` where the proxy speaks for itself (`LOCAL`), or doesn't know (`UNKNOWN`, `UNSPEC`).
    var source: IPAddress?
    /// How many bytes it takes.
    var length: Int

    /// The bytes are no such header, whatever follows.
    struct Malformed: Error, Equatable {}

    /// 107: the longest line of version 1, with its end.
    static let maximumTextLength = 107
    /// 4 KiB for what version 2 holds behind its addresses, such as names and certificates' subjects: far above what
    /// balancers send, far below what would be worth an attack.
    static let maximumBinaryLength = 4_096

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let word = Array("PROXY ".utf8)

    /// Reads the header at the beginning of `bytes`.
    ///
    /// - Returns: `nil` if it has not come whole.
    /// - Throws: ``Malformed``, as soon as that is certain.
    static func parse(_ bytes: ByteBufferView) throws(Malformed) -> ProxyHeader? {
        let bytes = Array(bytes.prefix(maximumBinaryLength + 16))
        if bytes.starts(with: signature) { return try binary(bytes) }
        if bytes.starts(with: word) { return try text(bytes) }
        guard signature.starts(with: bytes) || word.starts(with: bytes) else { throw Malformed() }
        return nil
    }

    // MARK: Version 1

    private static func text(_ bytes: [UInt8]) throws(Malformed) -> ProxyHeader? {
        let line = bytes.prefix(maximumTextLength)
        guard let end = line.firstIndex(of: 0x0A) else {
            guard line.count < maximumTextLength else { throw Malformed() }
            return nil
        }
        guard line[end - 1] == 0x0D else { throw Malformed() }
        let words = String(decoding: line[..<(end - 1)], as: UTF8.self).split(
            separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 2 else { throw Malformed() }
        if words[1] == "UNKNOWN" { return ProxyHeader(source: nil, length: end + 1) }
        guard words.count == 6, isPort(words[4]), isPort(words[5]), let source = address(words[2], words[1]),
            address(words[3], words[1]) != nil
        else { throw Malformed() }
        return ProxyHeader(source: source, length: end + 1)
    }

    private static func address(_ text: Substring, _ family: Substring) -> IPAddress? {
        switch family {
        case "TCP4" where !text.contains(":"): IPAddress(text)
        case "TCP6" where text.contains(":"): IPAddress(text)
        default: nil
        }
    }

    private static func isPort(_ text: Substring) -> Bool {
        UInt64(digits: text.utf8).map { $0 <= 65_535 } ?? false
    }

    // MARK: Version 2

    private static func binary(_ bytes: [UInt8]) throws(Malformed) -> ProxyHeader? {
        guard bytes.count >= 16 else {
            // The version is known to be wrong before the rest is there.
            if bytes.count > 12, bytes[12] >> 4 != 2 { throw Malformed() }
            return nil
        }
        let count = Int(bytes[14]) << 8 | Int(bytes[15])
        guard bytes[12] >> 4 == 2, bytes[12] & 0xF <= 1, count <= maximumBinaryLength else { throw Malformed() }
        guard bytes.count >= 16 + count else { return nil }
        let isLocal = bytes[12] & 0xF == 0
        let source = try isLocal ? nil : client(bytes[13] >> 4, bytes[16..<(16 + count)])
        return ProxyHeader(source: source, length: 16 + count)
    }

    /// The address of the other side's other side; what comes behind the addresses is passed over.
    private static func client(_ family: UInt8, _ block: ArraySlice<UInt8>) throws(Malformed) -> IPAddress? {
        switch family {
        case 1:
            guard block.count >= 12 else { throw Malformed() }
            return IPAddress(v4: block.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
        case 2:
            guard block.count >= 36 else { throw Malformed() }
            return IPAddress(v6: block.prefix(16).reduce(0) { $0 << 8 | UInt128($1) })
        case 3:
            guard block.count >= 216 else { throw Malformed() }
            return nil
        case 0:
            return nil
        default:
            throw Malformed()
        }
    }
}
