/// The secret that an operator shows as `Authorization: Bearer …`. Its text is never shown.
public struct AdminToken: Sendable, Equatable {
    /// Why a text cannot be one.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let description =
            "an admin token is \(AdminToken.minimumLength) to \(AdminToken.maximumLength) visible ASCII characters"
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

    /// Whether `presented` is the token, in a time that does not depend on where the two differ.
    func matches(_ presented: some StringProtocol) -> Bool {
        let presented = Array(presented.utf8)
        var difference: UInt8 = presented.count == bytes.count ? 0 : 1
        for (index, byte) in bytes.enumerated() {
            difference |= byte ^ (index < presented.count ? presented[index] : 0)
        }
        return difference == 0
    }
}

extension AdminToken: CustomStringConvertible, CustomReflectable {
    public var description: String { "AdminToken" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
