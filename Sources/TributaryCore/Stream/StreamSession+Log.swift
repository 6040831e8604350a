import NIOCore
import TributaryProtocol

/// Reading the log: after the cursor that a client came with, and after what the tail dropped. While it does, the stream
/// counts as behind, so that the tail keeps what comes meanwhile; the log is read as fast as the socket takes it.
extension StreamSession {
    /// What of the log is read now.
    var readChannels: ChannelSet { reading?.addition?.intersection(channels) ?? channels }

    /// Opens the stream with what it missed, and goes on with what comes from now on: the log has the former up to the place
    /// that the tail's end stands for, the tail has the latter, and neither has anything of the other's.
    func replay(after id: UInt64) {
        guard state == .opening else { return }
        state = .behind(position: stream.tail.end)
        stream.sessionFellBehind(self)
        beginReading(after: .id(id), replay: .init(cursor: id))
        readOn()
    }

    /// Opens the stream before its channels are settled: it is told that it is connected, and gets nothing before they are,
    /// because with an id it would take a cursor that says more than it got.
    func beginEarly(with first: ByteBuffer, willBeTold: Bool) {
        guard state == .opening else { return }
        state = .behind(position: stream.tail.end)
        stream.sessionFellBehind(self)
        handed = stream.position
        begunAt = handed
        epoch = stream.epoch
        reading = LogReading(
            epoch: epoch, cursor: .position(handed), through: handed, next: stream.tail.end
        )
        reading?.phase = .awaitingRelay
        reading?.willBeTold = willBeTold
        sendWhileWaiting(first)
    }

    /// The channels of a stream that began early are settled: it reads what was published since, and goes on from the tail.
    func settle() {
        guard let early = reading, early.phase == .awaitingRelay else { return }
        let knewLog = handed > .start
        reading = LogReading(
            epoch: epoch, cursor: .position(handed), through: knewLog ? stream.position : .start, next: early.next
        )
        // Where its node knew nothing of the log, nobody knows what of it came after the stream began.
        let isMissing = !knewLog && stream.position > .start
        let missing = isMissing ? MissingIDs(from: 1, to: stream.position.high) : nil
        if missing != nil || !early.willBeTold {
            lastWrite = stream.shard.tick
            sink.write(stream.gapFrame(channels, .relayReconnected, missing: missing))
            guard flush() else { return }
        }
        readOn()
    }

    /// Reads from here to where the tail's end stands now.
    private func beginReading(after cursor: LogCursor, replay: LogReading.Replay?) {
        epoch = stream.epoch
        state = .behind(position: stream.tail.end)
        reading = LogReading(
            epoch: epoch, cursor: cursor, through: stream.position, next: stream.tail.end, replay: replay
        )
    }

    /// The tail has gone on without the stream: what has no id is lost, the log has the rest.
    func readWhatTheTailDropped(since position: Int) {
        let lost = stream.tail.lost(since: position, of: channels)
        var missing = stream.tail.lostMissing(since: position)
        if !isInPresentLog {
            let gone = MissingIDs(from: handed.high + 1, to: nil)
            missing = missing?.union(gone) ?? gone
            beginAnew()
        }
        epoch = stream.epoch
        state = .behind(position: stream.tail.start)
        reading = LogReading(
            epoch: epoch, cursor: .position(handed), through: stream.tail.startInLog, next: stream.tail.start
        )
        reading?.kept = FramePlace(segment: position, frame: 0)
        reading?.toldLost = lost
        if !lost.isEmpty || missing != nil {
            lastWrite = stream.shard.tick
            sink.write(stream.gapFrame(lost.isEmpty ? channels : lost, .tailOverrun, missing: missing))
            guard flush() else { return }
        }
        readOn()
    }

    /// Reads a portion of what the tail has kept of what it dropped: the newest of events that replace each other.
    private func readKept(from place: FramePlace) {
        guard let reading else { return }
        // There may have been no room for some of it since the last portion.
        let lost = stream.tail.lost(since: place.segment, of: channels).subtracting(reading.toldLost)
        var selection = Selection()
        self.reading?.toldLost.formUnion(lost)
        self.reading?.kept = stream.tail.selectKept(
            from: place, before: reading.next, channels: channels, user: user, into: &selection
        )
        guard !selection.isEmpty || !lost.isEmpty else { return readOn() }
        lastWrite = stream.shard.tick
        if !lost.isEmpty { sink.write(stream.gapFrame(lost, .tailOverrun)) }
        for slice in selection.slices { sink.write(slice) }
        if flush(selection.deliveries) { readOn() }
    }

    /// The next page, or what comes after the last one.
    func readOn() {
        guard state != .closed, let reading else { return }
        if let place = reading.kept { return readKept(from: place) }
        guard reading.epoch == stream.epoch else { return readAnew() }
        if readChannels.isEmpty, !reading.isComplete { return readNothing() }
        if reading.isComplete || reading.replay == nil && handed >= reading.through { return finishReading() }
        self.reading?.phase = .awaitingPage
        let request = LogReader.Request(
            project: project, channels: readChannels, cursor: reading.cursor, isReplay: reading.replay != nil,
            generation: stream.generation
        )
        stream.shard.reader.read(request) { self.take($0) }
    }

    /// All channels that were to be read have been removed.
    private func readNothing() {
        guard let reading else { return }
        self.reading?.isComplete = true
        if !hasBegun {
            self.reading?.replay?.hasBegun = true
            handed = reading.through
            lastWrite = stream.shard.tick
            sink.write(stream.shard.frames.connected(self, latest: stream.newest, recovered: true))
            guard flush() else { return }
        }
        readOn()
    }

    /// The log began anew under the reader: what it still had to read is gone, and the new one is read from its beginning.
    private func readAnew() {
        guard let reading else { return }
        if reading.addition != nil { return putAdditionBack() }
        if let replay = reading.replay, !replay.hasBegun || reading.epoch == 0 {
            // It began before the node knew the log.
            beginReading(after: replay.hasBegun ? reading.cursor : .id(replay.cursor), replay: replay)
            return readOn()
        }
        if reading.epoch == 0 {
            beginAnew()
            self.reading = LogReading(
                epoch: epoch, cursor: .position(.start), through: reading.through, next: reading.next
            )
            return readOn()
        }
        // Of a replay that was cut short, more is missing than what was not read.
        let isCutShort = reading.replay?.hasMore ?? false
        let last = isCutShort ? reading.replay?.lastReplayed ?? 0 : handed.high
        let missing = MissingIDs(from: last + 1, to: nil)
        beginAnew()
        beginReading(after: .position(.start), replay: reading.replay)
        self.reading?.replay?.isIncomplete = true
        self.reading?.isComplete = isCutShort
        self.reading?.replay?.isOfOldLog = isCutShort
        lastWrite = stream.shard.tick
        sink.write(stream.gapFrame(channels, .logReset, missing: missing))
        if flush() { readOn() }
    }

    private func take(_ result: Result<ReplayPage, EventLogError>) {
        guard state != .closed, let reading else { return }
        switch result {
        case .success(let page):
            guard page.state.epoch == stream.epoch else {
                // The node has yet to learn of it; what comes live must be of the log that is read here.
                stream.shard.refresh(project)
                return readAgainLater()
            }
            guard reading.epoch == stream.epoch else { return readAnew() }
            write(page)
        case .failure(.unavailable): readAgainLater()
        case .failure: giveUp()
        }
    }

    private func readAgainLater() {
        reading?.failures += 1
        let delay = TimeAmount.logRetry(after: reading?.failures ?? 1)
        stream.shard.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.readOn() }
    }

    /// The log will not answer: the stream goes on without what it missed, and is told.
    private func giveUp() {
        guard let reading else { return }
        lastWrite = stream.shard.tick
        self.reading?.replay?.hasFailed = true
        if reading.addition != nil, let replay = reading.replay {
            let missing = MissingIDs(from: replay.lastReplayed + 1, to: nil)
            let reason: GapReason = replay.hasBegun ? .logUnavailable : .cursorNotFound
            sink.write(stream.gapFrame(readChannels, reason, missing: missing))
        } else if let replay = reading.replay, !replay.hasBegun {
            self.reading?.replay?.hasBegun = true
            sink.write(stream.shard.frames.connected(self, latest: stream.newest, recovered: false))
            sink.write(
                stream.gapFrame(channels, .cursorNotFound, missing: MissingIDs(from: replay.cursor + 1, to: nil)))
        } else {
            sink.write(stream.gapFrame(channels, .logUnavailable, missing: MissingIDs(from: handed.high + 1, to: nil)))
        }
        if let place = reading.cursor.position {
            noteLeftOut(readChannels, after: place, through: reading.through)
        } else if reading.addition == nil {
            begunAt = reading.through
        }
        self.reading?.isComplete = true
        if flush() { readOn() }
    }

    private func write(_ page: ReplayPage) {
        guard var reading else { return }
        lastWrite = stream.shard.tick
        let read = readChannels
        let names = read.indices.map { stream.shard.frames.channel($0) }
        let recovery = page.state.recovery(after: reading.cursor, start: page.start, channels: names)
        if reading.replay?.hasBegun == false {
            reading.replay?.hasBegun = true
            if reading.addition == nil {
                begunAt = page.start
                let latest = EventID?.max(stream.newest, EventID(page.state.head.high))
                sink.write(stream.shard.frames.connected(self, latest: latest, recovered: recovery == .complete))
                // The client may have heard from another node what this one has yet to hear.
                handed = page.state.isFromTheFuture(reading.cursor) ? reading.through : page.start
            } else {
                noteBegin(of: read, after: page.start)
            }
            if let missing = recovery.missing {
                reading.replay?.isIncomplete = true
                sink.write(stream.gapFrame(read, .cursorNotFound, missing: missing))
            }
        } else if let floor = reading.toldFloors.news(in: page.state, behind: page.start) {
            reading.replay?.isIncomplete = true
            sink.write(
                stream.gapFrame(read, .logTrimmed, missing: MissingIDs(behind: page.start, upTo: floor)))
        }
        reading.toldFloors.note(page.state)
        reading.failures = 0
        self.reading = reading
        for (index, segment) in page.segments.enumerated() {
            let isEnd = index == page.segments.count - 1
            guard write(segment, upTo: isEnd ? page.end : segment.lastPosition ?? page.end) else { return }
        }
        if page.segments.isEmpty { note(page.end) }
        if page.isLast { self.reading?.isComplete = true }
        if flush() { readOn() }
    }

    /// Writes a segment of a page. What the socket does not take at once is all that is kept for it: the rest of the page is read
    /// again when it does.
    ///
    /// - Returns: false if the rest has to wait.
    private func write(_ segment: Segment, upTo end: LogPosition) -> Bool {
        guard let reading else { return false }
        let limit = reading.replay.map { stream.shard.configuration.replayLimit - $0.replayed } ?? .max
        var selection = Selection()
        let result = selection.add(
            segment, channels: readChannels, user: user, through: reading.through, limit: limit
        )
        self.reading?.replay?.available += result.found
        self.reading?.replay?.replayed += result.added
        if let last = result.last { self.reading?.replay?.lastReplayed = last.rawValue }
        if result.found > result.added, reading.replay?.cutAt == nil {
            let last = result.last.flatMap { id in segment.frames.last { $0.id == id }?.position }
            self.reading?.replay?.cutAt = last ?? reading.cursor.position ?? .start
        }
        note(end)
        for slice in selection.slices { sink.write(slice) }
        return flush(selection.deliveries)
    }

    /// The log has been read up to here.
    private func note(_ end: LogPosition) {
        guard let reading else { return }
        self.reading?.cursor = .position(end)
        handed = max(handed, min(end, reading.through))
        if end >= reading.through || reading.replay?.isCounted == true { self.reading?.isComplete = true }
    }

    private func finishReading() {
        guard let reading else { return }
        let read = readChannels
        self.reading = nil
        handed = max(handed, reading.through)
        if let replay = reading.replay {
            stream.shard.measurements.noteReplay(replay.outcome, events: replay.replayed)
            sink.write(replayEnd(of: replay))
            if replay.hasMore {
                let missing = MissingIDs(from: replay.firstLeftOut, to: reading.through.high)
                sink.write(stream.gapFrame(read, .replayLimit, missing: missing))
                if let cut = replay.cutAt { noteLeftOut(read, after: cut, through: reading.through) }
            }
            if reading.addition != nil { sink.write(subscribed(at: reading.through)) }
            lastWrite = stream.shard.tick
            guard flush() else { return }
        }
        catchUp(from: reading.next)
    }

    func replayEnd(of replay: LogReading.Replay) -> ByteBuffer {
        stream.shard.frames.replayEnd(project, replay)
    }

    /// - Returns: false if the rest has to wait until the socket has taken this.
    func flush(_ deliveries: [Delivery] = []) -> Bool {
        guard sink.flush() else {
            reading?.phase = .awaitingSocket
            inFlight = deliveries
            noteProgress()
            return false
        }
        stream.count(deliveries)
        // The flush may have found the connection dead.
        return state != .closed
    }
}
