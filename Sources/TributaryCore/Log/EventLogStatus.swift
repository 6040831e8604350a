/// A moment's view of how a log does.
public struct EventLogStatus: Equatable, Sendable {
    /// Takes events and answers.
    public var isAvailable: Bool
    /// The newest failure; `nil` while available.
    public var lastError: String?
    /// The log goes by another catalog than this node's, as when nodes of two revisions share it: what is durable is the log's
    /// word then.
    public var hasOtherCatalog: Bool

    public init(isAvailable: Bool, lastError: String? = nil, hasOtherCatalog: Bool = false) {
        self.isAvailable = isAvailable
        self.lastError = lastError
        self.hasOtherCatalog = hasOtherCatalog
    }
}
