/// A secret that stands for a role: what an operator or a publishing service shows as `Authorization: Bearer …`. Its text is never
/// shown.
public struct BearerToken: Sendable, Equatable {
    /// Why a text cannot be one.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let description =
            "a token is \(BearerToken.minimumLength) to \(BearerToken.maximumLength) visible ASCII characters"
    }

    /// 16: 95 bits where the characters are random, out of reach for whoever guesses over a network.
    public static let minimumLength = 16
    /// 1,024: a request's head holds it beside everything else.
    public static let maximumLength = 1_024

    private let bytes: [UInt8]

    /// - Throws: ``Invalid``.
    public init(_ text: String) throws(Invalid) {
        let bytes = Array(text.utf8)
        guard (Self.minimumLength...Self.maximumLength).contains(bytes.count),
            bytes.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw Invalid() }
        self.bytes = bytes
    }

    /// To show it to whoever it is meant for, and to nobody else.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether `presented` is the token, in a time that does not depend on where the two differ.
    func matches(_ presented: some StringProtocol) -> Bool {
        bytes.isEqualInConstantTime(to: Array(presented.utf8))
    }
}

extension BearerToken: CustomStringConvertible, CustomReflectable {
    public var description: String { "BearerToken" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension [UInt8] {
    /// Compares without telling by the time where the two differ; only the length of `presented` shows.
    func isEqualInConstantTime(to presented: [UInt8]) -> Bool {
        var difference: UInt8 = presented.count == count ? 0 : 1
        for (index, byte) in enumerated() {
            difference |= byte ^ (index < presented.count ? presented[index] : 0)
        }
        return difference == 0
    }
}
