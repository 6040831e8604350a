import NIOCore
import TributaryProtocol

/// Changing the channels of a live stream.
///
/// Channels are added at one place of the log, when the stream is at the tail's end and the relay has confirmed them. The stream
/// has had everything of its old channels up to there. Of the added ones it is replayed what it asked for up to there,
/// while what comes meanwhile waits in the tail; then it is told, and reads on with all of them.
extension StreamSession {
    /// Removes channels at once, and adds others as soon as everything that comes on them will reach the stream; until then it
    /// goes on with those that it has. `subscribed` tells it what it has, each time that it changed: after a replay with
    /// the stream's own cursor as its `id`. What is in both sets is removed and then added.
    ///
    /// A channel that it has, or waits for, is not added again, and has no replay. A stream without channels stays open.
    /// Nothing happens to a stream that is closed.
    /// - Returns: the channels that it will have.
    @discardableResult
    public func change(_ change: ChannelChange) -> ChannelSet {
        guard state != .closed else { return wanted }
        let removed = change.removing.intersection(wanted)
        if !removed.isEmpty { remove(removed) }
        let known = ChannelSet.all(of: stream.shard.frames.channelCount)
        // The removal may have found the connection dead.
        guard state != .closed else { return wanted }
        let added = change.adding.intersection(known).subtracting(wanted)
        if !added.isEmpty { add(added, after: change.fromSequence) }
        applyChanges()
        if !additions.isEmpty { stream.listForSettling(self) }
        return wanted
    }

    private func remove(_ removed: ChannelSet) {
        wanted.subtract(removed)
        for index in additions.indices { additions[index].channels.subtract(removed) }
        additions.removeAll { $0.channels.isEmpty }
        // `connected` says it otherwise.
        if hasBegun { hasNewChannels = true }
        if isBehind { wasNarrowedBehind = true }
        noteEnd(of: removed.intersection(channels))
        stream.narrow(self, by: removed)
    }

    private func add(_ added: ChannelSet, after id: UInt64?) {
        wanted.formUnion(added)
        if let index = additions.firstIndex(where: { $0.begins(after: id) }) {
            additions[index].channels.formUnion(added)
        } else {
            additions.append(ChannelAddition(added, after: id))
        }
        stream.retain(added)
    }

    /// Adds what can be added, and tells the stream what it has; only while it is at the tail's end.
    func applyChanges() {
        while state == .live, let index = additions.firstIndex(where: { stream.isSettled($0.channels) }) {
            begin(additions.remove(at: index))
        }
        if state == .live, hasNewChannels { send(subscribed()) }
        stream.sessionIsLive(self)
    }

    private func begin(_ addition: ChannelAddition) {
        stream.move(self, to: channels.union(addition.channels))
        noteBegin(of: addition.channels, after: stream.position)
        guard let replay = addition.replay else {
            var frames = subscribed()
            if let gap = stream.gapOfTrimmed(addition.channels) { frames.writeImmutableBuffer(gap) }
            return send(frames)
        }
        state = .behind(position: stream.tail.end)
        stream.sessionFellBehind(self)
        handed = stream.position
        epoch = stream.epoch
        reading = LogReading(
            epoch: epoch, cursor: addition.cursor, through: handed, next: stream.tail.end, replay: replay
        )
        reading?.addition = addition.channels
        readOn()
    }

    /// Tells the stream what it has.
    ///
    /// - Parameter place: after a replay, where the stream stands in the log: its browser comes back with that, and not
    ///   with the last id that was replayed.
    func subscribed(at place: LogPosition? = nil) -> ByteBuffer {
        hasNewChannels = false
        return stream.shard.frames.subscribed(self, id: place.flatMap { EventID($0.high) })
    }

    /// The log began anew under a replay of added channels: the stream goes on with its old ones, and adds these again when
    /// it has caught up.
    func putAdditionBack() {
        guard let reading, let replay = reading.replay else { return }
        let channels = readChannels
        // It begins again where it stood if there was no log before.
        let isCut = replay.hasBegun && reading.epoch != 0
        let isCutShort = replay.hasMore
        lastWrite = stream.shard.tick
        if isCut, isCutShort { sink.write(replayEnd(of: replay)) }
        if reading.epoch != 0 {
            let last = isCut ? min(replay.lastReplayed, handed.high) : handed.high
            sink.write(stream.gapFrame(self.channels, .logReset, missing: MissingIDs(from: last + 1, to: nil)))
        }
        self.reading = nil
        stream.move(self, to: self.channels.subtracting(channels))
        wasNarrowedBehind = true
        if !channels.isEmpty {
            var addition = ChannelAddition(channels, after: replay.cursor)
            addition.cursor = isCut ? .position(.start) : reading.cursor
            addition.replay = isCut && isCutShort ? nil : replay
            additions.insert(addition, at: 0)
            stream.listForSettling(self)
        }
        if flush() { catchUp(from: reading.next) }
    }
}
