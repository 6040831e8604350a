/// A moment's view of how a log does.
public struct EventLogStatus: Equatable, Sendable {
    /// Takes events and answers.
    public var isAvailable: Bool
    /// The newest failure; `nil` while available.
    public var lastError: String?

    public init(isAvailable: Bool, lastError: String? = nil) {
        self.isAvailable = isAvailable
        self.lastError = lastError
    }
}
