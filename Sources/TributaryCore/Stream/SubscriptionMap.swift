import TributaryProtocol

/// Which streams of a project listen to what, on one event loop. Per stream, not per user: two streams of one user with
/// different channels each get exactly theirs, and a stream that leaves takes its channels with it.
///
/// Lives on its shard's event loop.
struct SubscriptionMap {
    /// Streams with the same channels: what one of them gets, all of them get.
    struct Group {
        let channels: ChannelSet
        fileprivate(set) var sessions: ContiguousArray<StreamSession> = []
    }

    private(set) var groups: [Group] = []
    private var groupIndex: [ChannelSet: Int] = [:]
    private var sessionsByUser: [UserID: [StreamSession]] = [:]
    /// Streams per channel of the catalog.
    private var counts: [Int] = []
    private(set) var count = 0

    /// Channels that at least one stream listens to, or waits for.
    private(set) var channels: ChannelSet = []

    /// Adds a stream with its channels.
    ///
    /// - Returns: the channels that nobody listened to before.
    mutating func insert(_ session: StreamSession) -> ChannelSet {
        addToGroup(session)
        session.userSlot = sessionsByUser[session.user]?.count ?? 0
        sessionsByUser[session.user, default: []].append(session)
        count += 1
        return retain(session.wanted)
    }

    /// Removes a stream with its channels, those included that it waits for.
    ///
    /// - Returns: the channels that nobody listens to any more.
    mutating func remove(_ session: StreamSession) -> ChannelSet {
        removeFromGroup(session)
        removeFromUser(session)
        count -= 1
        return release(session.wanted)
    }

    /// Gives a stream other channels; who listens to what is another matter.
    mutating func move(_ session: StreamSession, to channels: ChannelSet) {
        guard session.channels != channels else { return }
        removeFromGroup(session)
        session.channels = channels
        addToGroup(session)
    }

    /// A stream listens to these channels, or waits for them.
    ///
    /// - Returns: those that nobody listened to before.
    mutating func retain(_ retained: ChannelSet) -> ChannelSet {
        var first: ChannelSet = []
        for channel in retained.indices {
            while counts.count <= channel { counts.append(0) }
            counts[channel] += 1
            if counts[channel] == 1 { first.insert(ChannelSet(index: channel)) }
        }
        channels.formUnion(first)
        return first
    }

    /// A stream does not listen to these channels any more.
    ///
    /// - Returns: those that nobody listens to now.
    mutating func release(_ released: ChannelSet) -> ChannelSet {
        var last: ChannelSet = []
        for channel in released.indices {
            counts[channel] -= 1
            if counts[channel] == 0 { last.insert(ChannelSet(index: channel)) }
        }
        channels.subtract(last)
        return last
    }

    private mutating func addToGroup(_ session: StreamSession) {
        let group = groupIndex[session.channels] ?? addGroup(session.channels)
        session.groupSlot = groups[group].sessions.count
        groups[group].sessions.append(session)
    }

    private mutating func removeFromGroup(_ session: StreamSession) {
        guard let group = groupIndex[session.channels] else { return }
        let moved = groups[group].sessions.removeLast()
        if moved !== session {
            groups[group].sessions[session.groupSlot] = moved
            moved.groupSlot = session.groupSlot
        }
        if groups[group].sessions.isEmpty { removeGroup(group) }
    }

    /// Fills the gap with the last one: a user may be an address with thousands of streams.
    private mutating func removeFromUser(_ session: StreamSession) {
        guard let moved = sessionsByUser[session.user]?.popLast() else { return }
        if moved !== session {
            sessionsByUser[session.user]?[session.userSlot] = moved
            moved.userSlot = session.userSlot
        }
        if sessionsByUser[session.user]?.isEmpty == true { sessionsByUser[session.user] = nil }
    }

    private mutating func addGroup(_ channels: ChannelSet) -> Int {
        groups.append(Group(channels: channels))
        groupIndex[channels] = groups.count - 1
        return groups.count - 1
    }

    private mutating func removeGroup(_ index: Int) {
        groupIndex[groups[index].channels] = nil
        let moved = groups.removeLast()
        if index < groups.count {
            groups[index] = moved
            groupIndex[moved.channels] = index
        }
    }

    /// The streams of a user, whatever their channels.
    func sessions(of user: UserID) -> [StreamSession] { sessionsByUser[user] ?? [] }

    /// Every user with a stream.
    var users: some Sequence<UserID> { sessionsByUser.keys }

    /// How many streams listen to a channel, or wait for it.
    func count(of channel: Int) -> Int { channel < counts.count ? counts[channel] : 0 }
}
