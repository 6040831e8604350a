/// A channel that the catalog doesn't have.
public struct UnknownChannel: Error, Equatable, Sendable {
    public let name: String

    public init(name: String) {
        self.name = name
    }
}
