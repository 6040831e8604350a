/// A family of events in a project, such as `chat` or `jobs`: 1 to 64 characters of `a-z 0-9 -`.
public struct Channel: Hashable, Sendable, CustomStringConvertible {
    /// The name as it stands in queries, Redis channels and `/publish`.
    public let name: String

    /// - Throws: ``InvalidName`` if `name` is not 1 to 64 characters of `a-z 0-9 -`.
    public init(_ name: some StringProtocol) throws(InvalidName) {
        guard name.isName(limit: 64, allowed: { $0.isLowercaseLetter || $0.isDigit || $0 == UInt8(ascii: "-") }) else {
            throw InvalidName(kind: "channel", rule: "1 to 64 characters of a-z 0-9 -")
        }
        self.name = String(name)
    }

    private init(unchecked name: String) {
        self.name = name
    }

    public var description: String { name }

    public static let chat = Channel(unchecked: "chat")
    public static let jobs = Channel(unchecked: "jobs")
    public static let presence = Channel(unchecked: "presence")
    public static let advisor = Channel(unchecked: "advisor")
    public static let githubSync = Channel(unchecked: "github-sync")
    public static let pendingChanges = Channel(unchecked: "pending-changes")
}
