/// A browser profile or an app install: 1 to 128 characters of `A-Z a-z 0-9 . _ : @ -`, usually a UUID.
public struct ClientInstanceID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// - Throws: ``InvalidName`` if `rawValue` breaks the rule above.
    public init(_ rawValue: some StringProtocol) throws(InvalidName) {
        guard rawValue.isName(limit: 128, allowed: \.isIdentifierByte) else {
            throw InvalidName(kind: "client_instance_id", rule: "1 to 128 characters of A-Z a-z 0-9 . _ : @ -")
        }
        self.rawValue = String(rawValue)
    }

    public var description: String { rawValue }
}
