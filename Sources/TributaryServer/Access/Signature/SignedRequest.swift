import Crypto
import HTTPTypes
import NIOCore
import TributaryProtocol

/// A request that says it is signed: what its header fields hold, before anything of it is believed.
struct SignedRequest {
    /// What the signature is of.
    enum Form: Sendable {
        /// Timestamp, method, path and query, user, and the body's SHA-256 in lower-case hex, with a line feed between each: nothing
        /// that decides about the request can be changed. None of the first four can hold a line feed.
        case complete
        /// The older form: the timestamp and, directly behind it, the body.
        case timestampAndBody
    }

    /// HMAC-SHA256: 32 bytes.
    let signature: [UInt8]
    /// The second since 1970 in which it was signed.
    let signedAt: UInt64
    /// As it was sent.
    let user: String
    private let timestamp: String

    /// 300 s, before and after: clocks that nobody sets are not further apart, and a signature that leaked is of no use for long.
    static let window: UInt64 = 300

    /// - Returns: `nil` for a request without the header of signatures: a user's or a timestamp's header alone means nothing.
    /// - Throws: `invalid_signature`.
    init?(
        _ credentials: Credentials, form: Form, names: (SignatureConfiguration.Header) -> HTTPField.Name?
    ) throws(Problem) {
        guard let name = names(.signature), credentials.fields.contains(name) else { return nil }
        guard let signature = Self.decode(try Self.one(.signature, credentials, names)) else {
            throw .invalidSignature("The signature is 64 digits of lower-case hex.")
        }
        timestamp = try Self.one(.timestamp, credentials, names)
        user = try Self.one(.user, credentials, names)
        guard timestamp.utf8.count <= 13, let time = UInt64(digits: timestamp.utf8) else {
            throw .invalidSignature("The timestamp is a number of seconds since 1970.")
        }
        self.signature = signature
        switch form {
        case .complete: signedAt = time
        // 100,000,000,000 s are the year 5138, and so many milliseconds were in 1973.
        case .timestampAndBody: signedAt = time < 100_000_000_000 ? time : time / 1_000
        }
    }

    /// - Parameter now: seconds since 1970.
    func isFresh(at now: UInt64) -> Bool { max(now, signedAt) - min(now, signedAt) <= Self.window }

    /// What the signature is of.
    func message(of credentials: Credentials, form: Form) -> [UInt8] {
        let body = credentials.body.readableBytesView
        switch form {
        case .timestampAndBody: return Array(timestamp.utf8) + body
        case .complete:
            var hash = SHA256()
            body.withUnsafeBytes { hash.update(bufferPointer: $0) }
            let lines = [timestamp, credentials.method.rawValue, credentials.target, user, Self.hex(hash.finalize())]
            return Array(lines.joined(separator: "\n").utf8)
        }
    }

    /// A field that stands there once.
    private static func one(
        _ header: SignatureConfiguration.Header, _ credentials: Credentials,
        _ names: (SignatureConfiguration.Header) -> HTTPField.Name?
    ) throws(Problem) -> String {
        let values = names(header).map { credentials.fields[values: $0] } ?? []
        guard values.count == 1 else {
            throw .invalidSignature("A signed request has the \(header.rawValue)'s header, and once.")
        }
        return values[0]
    }

    /// 32 bytes of lower-case hex, `sha256=` before them or not.
    private static func decode(_ text: String) -> [UInt8]? {
        let digits = Array((text.hasPrefix("sha256=") ? text.dropFirst(7) : text[...]).utf8)
        guard digits.count == 64 else { return nil }
        let values = digits.compactMap(digit)
        guard values.count == digits.count else { return nil }
        return stride(from: 0, to: 64, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
