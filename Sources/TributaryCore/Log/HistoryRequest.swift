import TributaryProtocol

/// What a reader asks of a project's timeline; every value has been checked.
public struct HistoryRequest: Sendable, Equatable {
    /// Who reads: events for other users alone are left out.
    public var user: UserID
    public var project: ProjectID
    public var channels: ChannelSet
    /// The id after which the page begins; 0 is the oldest event kept.
    public var after: UInt64
    /// The most events, 1…1,000.
    public var limit: Int

    public init(
        user: UserID, project: ProjectID = .default, channels: ChannelSet, after: UInt64 = 0,
        limit: Int = HistoryPage.standardLimit
    ) {
        self.user = user
        self.project = project
        self.channels = channels
        self.after = after
        self.limit = limit
    }
}
