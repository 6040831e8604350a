import DequeModule
import NIOCore
import TributaryProtocol

/// What a sequencer asks the log, and what it does with the answers.
extension Sequencer {
    func step() {
        guard !isBusy, !isSuspended else { return }
        if isStale || needsEpoch || !joining.isEmpty {
            listen()
        } else if needsFill {
            fill()
        } else {
            drain()
        }
    }

    func channels(_ set: ChannelSet) -> [TributaryProtocol.Channel] {
        set.indices.map { catalog.channels[$0] }
    }

    func listen() {
        isBusy = true
        let new = joining
        let wasStale = isStale
        isStale = false
        needsEpoch = false
        let session = relay.session
        let reply = log.listen(to: channels(timeline.known.union(new)), of: project.id, as: session)
        finish(reply, retry: { $0.isStale = $0.isStale || wasStale }) { sequencer, state in
            sequencer.listening(state, to: new, again: wasStale)
        }
    }

    func listening(_ state: LogState, to new: ChannelSet, again wasStale: Bool) {
        let before = timeline.position
        // What was left meanwhile is not begun.
        let begun = new.intersection(joining)
        joining.subtract(new)
        switch timeline.begin(begun, with: state) {
        case .upToDate: break
        case .behind: needsFill = true
        case .reset: reset(from: before)
        case .diverged(let since):
            output.tellGap(.relayReconnected, missing: MissingIDs(from: since.high + 1, to: nil), of: project)
        }
        let known = channels(timeline.known)
        if wasStale, let lapse = known.compactMap({ state.channels[$0]?.lapse }).max(), lapse >= before, before > .start
        {
            output.tellGap(.relayReconnected, missing: MissingIDs(from: before.high + 1, to: nil), of: project)
        }
    }

    func reset(from position: LogPosition) {
        needsFill = true
        toldFloors = ToldFloors()
        for index in held.indices { held[index].isOrphan = true }
        output.tellGap(.logReset, missing: MissingIDs(from: position.high + 1, to: nil), of: project)
    }

    func fill() {
        isBusy = true
        let known = channels(timeline.known)
        guard !known.isEmpty else {
            isBusy = false
            needsFill = false
            return drain()
        }
        let reply = log.read(known, of: project.id, after: .position(timeline.position), limit: limits.page)
        finish(reply) { sequencer, page in sequencer.take(page) }
    }

    func take(_ page: LogPage) {
        guard timeline.epoch == 0 || page.state.epoch == timeline.epoch else {
            let before = timeline.position
            timeline.finish(with: page.state)
            return reset(from: before)
        }
        if let floor = toldFloors.news(in: page.state, behind: page.start) {
            output.tellGap(
                .logTrimmed, missing: MissingIDs(behind: timeline.position, upTo: floor), of: project)
        }
        for entry in page.entries {
            guard let channel = catalog.index(of: entry.channel.name),
                timeline.known.contains(ChannelSet(index: channel)),
                !timeline.hasPassed(entry.position, channel: channel)
            else { continue }
            passHeldBefore(entry, channel: channel)
            timeline.pass(entry.id, at: entry.position, channel: channel)
            entry.envelope.withUnsafeReadableBytes { bytes in
                // One that cannot be read was counted when it came live; here it is only stepped over.
                guard let envelope = try? Envelope.scan(bytes) else { return }
                let data = UnsafeRawBufferPointer(rebasing: bytes[envelope.data])
                output.pass(
                    envelope, data, id: entry.id, position: entry.position, of: project, channel: channel
                )
            }
        }
        timeline.advance(to: page.end)
        if page.isLast {
            timeline.finish(with: page.state)
            needsFill = false
            if hasDropped { tellDropped() }
        }
        output.flush()
    }

    /// What has no id came between events that the log brings now: it keeps its place among those that came live as well.
    private func passHeldBefore(_ entry: LogEntry, channel: Int) {
        guard let first = held.firstIndex(where: { $0.id == nil }),
            let end = held.firstIndex(where: { $0.id == entry.id && $0.channel == channel }), first < end
        else { return }
        // No request to the log is on its way that counts what is held.
        var rest = Array(held[..<end])
        held.removeFirst(end)
        for item in rest where item.id == nil {
            heldBytes -= item.payload.readableBytes
            item.payload.withUnsafeReadableBytes { bytes in
                guard let envelope = try? Envelope.scan(bytes) else { return }
                _ = handle(envelope, bytes, channel: item.channel, held: item)
            }
        }
        rest.removeAll { $0.id == nil }
        held.insert(contentsOf: rest, at: 0)
    }

    func tellDropped() {
        let missing = hasDroppedUnlogged ? MissingIDs(from: timeline.position.high + 1, to: nil) : nil
        hasDropped = false
        hasDroppedUnlogged = false
        output.tellGap(.logUnavailable, missing: missing, of: project)
    }

    /// Passes on what is held, until something has to wait again.
    func drain() {
        while let first = held.first {
            let isDone = first.payload.withUnsafeReadableBytes { bytes in
                guard let envelope = try? Envelope.scan(bytes) else { return true }
                return handle(envelope, bytes, channel: first.channel, held: first)
            }
            guard isDone else {
                if needsFill {
                    held[0].isRetried = true
                    return step()
                }
                return record()
            }
            held.removeFirst()
            heldBefore += 1
            heldBytes -= first.payload.readableBytes
        }
        heldSince = nil
        output.flush()
        if needsEpoch { return step() }
        output.settled(project)
    }

    /// Writes what its publisher did not write into the log: everything of that kind that is held.
    func record() {
        isBusy = true
        var numbers: [Int] = []
        var events: [HeardEvent] = []
        for (index, item) in held.enumerated() where item.outcome == nil {
            guard let id = item.id else { continue }
            item.payload.withUnsafeReadableBytes { bytes in
                guard let envelope = try? Envelope.scan(bytes), envelope.placement == nil else { return }
                numbers.append(heldBefore + index)
                events.append(
                    HeardEvent(channel: catalog.channels[item.channel], id: id, envelope: item.payload)
                )
            }
            if events.count == limits.page { break }
        }
        finish(log.record(events, of: project.id)) { sequencer, outcomes in
            for (number, outcome) in zip(numbers, outcomes) where number >= sequencer.heldBefore {
                sequencer.held[number - sequencer.heldBefore].outcome = outcome
            }
        }
    }

    /// Goes on with the log's answer; asks again later if it could not be reached.
    func finish<Answer: Sendable>(
        _ reply: EventLoopFuture<Answer>, retry: ((Sequencer) -> Void)? = nil,
        _ take: @escaping (Sequencer, Answer) -> Void
    ) {
        // The project may be gone when the answer comes: nobody listens to it any more.
        reply.hop(to: relay.eventLoop).assumeIsolated().whenComplete { [weak self] result in
            // Whatever comes of it, the project stays until it has been dealt with.
            guard let self else { return }
            let project = self.project
            defer { withExtendedLifetime(project) {} }
            self.isBusy = false
            switch result {
            case .success(let answer):
                self.failures = 0
                self.isBlind = false
                self.isRefused = false
                take(self, answer)
                self.step()
            case .failure(let error):
                retry?(self)
                self.failed(error)
            }
        }
    }

    func failed(_ error: any Error) {
        isRefused = !isTemporary(error)
        if isRefused {
            goBlind()
            output.settled(project)
        } else if let heldSince, relay.eventLoop.now - heldSince > limits.patience {
            goBlind()
        }
        isBusy = true
        failures += 1
        // A log that says no is not asked as often.
        let delay: TimeAmount = isRefused ? .seconds(10) : .logRetry(after: failures)
        relay.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            guard let self else { return }
            let project = self.project
            defer { withExtendedLifetime(project) {} }
            self.isBusy = false
            self.step()
        }
    }

    func isTemporary(_ error: any Error) -> Bool {
        if case .refused? = error as? EventLogError { false } else { true }
    }

    /// Lets everything pass that is held, in the order in which it came, and tells that there may be holes.
    func goBlind() {
        guard !isBlind || !held.isEmpty else { return }
        let isFirst = !isBlind
        isBlind = true
        if isFirst, isRefused, !held.isEmpty || needsFill {
            output.tellGap(.logUnavailable, missing: MissingIDs(from: timeline.position.high + 1, to: nil), of: project)
        }
        hasDropped = false
        hasDroppedUnlogged = false
        let items = held
        heldBefore += held.count
        held.removeAll()
        heldBytes = 0
        heldSince = nil
        for item in items {
            item.payload.withUnsafeReadableBytes { bytes in
                guard let envelope = try? Envelope.scan(bytes) else { return }
                _ = handle(envelope, bytes, channel: item.channel, held: item)
            }
        }
        output.flush()
    }
}
