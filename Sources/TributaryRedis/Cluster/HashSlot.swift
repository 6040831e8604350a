/// Which of a cluster's 16,384 slots a key, or a sharded channel, belongs to.
///
/// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
enum HashSlot {
    static let count = 16_384

    static func of(_ key: String) -> Int { of(key.utf8) }

    /// Only what stands between the first brace and the next closing one counts, if there is something.
    static func of(_ key: some Collection<UInt8>) -> Int {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return Int(checksum(key)) % count }
        let rest = key[key.index(after: open)...]
        guard let close = rest.firstIndex(of: UInt8(ascii: "}")), close > rest.startIndex else {
            return Int(checksum(key)) % count
        }
        return Int(checksum(rest[..<close])) % count
    }

    /// CRC-16 as of XMODEM: polynomial 0x1021, nothing inverted.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
        bytes.reduce(0) { ($0 << 8) ^ table[Int(UInt8($0 >> 8) ^ $1)] }
    }

    private static let table: [UInt16] = (0..<256).map { index in
        (0..<8).reduce(UInt16(index) << 8) { value, _ in value & 0x8000 == 0 ? value << 1 : (value << 1) ^ 0x1021 }
    }
}
