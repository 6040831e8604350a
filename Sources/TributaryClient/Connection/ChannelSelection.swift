import TributaryProtocol

/// Which channels the client reads, as its program adds and removes them.
struct ChannelSelection: Equatable {
    /// `nil`: every channel that the user may read.
    private(set) var channels: Set<Channel>?
    /// Taken out of "every channel" before the hub said which those are.
    private var excluded: Set<Channel> = []
    /// What the hub listed when it was asked for every channel.
    private var listed: Set<Channel>?

    init(_ channels: Set<Channel>?) {
        self.channels = channels
    }

    /// - Returns: whether the next request differs.
    mutating func add(_ added: Set<Channel>) -> Bool {
        excluded.subtract(added)
        guard let channels, !added.isSubset(of: channels) else { return false }
        self.channels = channels.union(added)
        return true
    }

    /// - Returns: whether the next request differs.
    mutating func remove(_ removed: Set<Channel>) -> Bool {
        guard let current = channels ?? listed else {
            excluded.formUnion(removed)
            return false
        }
        guard !removed.isDisjoint(with: current) else { return false }
        channels = current.subtracting(removed)
        return true
    }

    /// Takes the channels that `connected` names.
    ///
    /// - Returns: whether the next request differs, because some had been removed without knowing which there are.
    mutating func learn(_ channels: Set<Channel>) -> Bool {
        guard self.channels == nil else { return false }
        listed = channels
        guard !excluded.isDisjoint(with: channels) else { return false }
        self.channels = channels.subtracting(excluded)
        excluded = []
        return true
    }
}
