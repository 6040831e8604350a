/// The space that events belong to: 1 to 128 characters of `A-Z a-z 0-9 . _ : @ -`.
public struct ProjectID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// - Throws: ``InvalidName`` if `rawValue` breaks the rule above.
    public init(_ rawValue: some StringProtocol) throws(InvalidName) {
        let text = String(rawValue)
        guard text.isName(limit: 128, allowed: { $0.isIdentifierByte }) else {
            throw InvalidName(kind: "project_id", rule: "1 to 128 characters of A-Z a-z 0-9 . _ : @ -")
        }
        self.rawValue = text
    }

    private init(unchecked rawValue: String) {
        self.rawValue = rawValue
    }

    /// The project of a request that names none.
    public static let `default` = ProjectID(unchecked: "default")

    public var description: String { rawValue }
}
