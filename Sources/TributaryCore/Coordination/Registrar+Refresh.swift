import Logging
import NIOCore
import TributaryProtocol

/// What the registrar says of itself again and again, and what it makes of the answers.
extension Registrar {
    /// The refreshes of a node are spread over its 20 s, so that they never come all at once.
    static let slots = 20

    /// Begins to say what the node has. Called once, from any thread.
    func start(figures: @escaping @Sendable () -> EventLoopFuture<ByteBuffer>) {
        eventLoop.perform {
            self.ownFigures = figures
            let interval = TimeAmount.milliseconds(Int64(max(1, self.configuration.refreshMilliseconds / Self.slots)))
            let beat = TimeAmount.milliseconds(Int64(self.configuration.beatMilliseconds))
            self.timers = [
                self.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in
                    self?.refreshSlot()
                    self?.sweepDue()
                },
                self.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: beat) { [weak self] _ in
                    self?.beat()
                },
            ]
            self.tryAgain()
        }
    }

    /// Says the last words: what ended, and that the node goes. From any thread.
    func finish() async {
        let node = node
        let coordination = coordination
        try? await eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
            for timer in self.timers { timer.cancel() }
            self.timers = []
            return EventLoopFuture.andAllComplete(
                self.flush() + [coordination.leave(node)], on: self.eventLoop)
        }.get()
    }

    // MARK: What ended

    func remove(_ entry: StreamEntry) {
        removals.append(entry)
        scheduleFlush()
    }

    /// Streams end by the thousand at times: what ends in one turn of the loop goes out in one pipeline.
    func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.execute {
            self.isFlushScheduled = false
            _ = self.flush()
        }
    }

    private func flush() -> [EventLoopFuture<Void>] {
        var sent: [EventLoopFuture<Void>] = flushPresence()
        if !removals.isEmpty {
            let entries = removals
            removals = []
            let done = watch(coordination.remove(entries))
            done.assumeIsolated().whenFailure { self.keep(entries, after: $0) }
            sent.append(done)
        }
        return sent
    }

    /// They are removed when the registry is back, or expire there; what it refuses to remove it would refuse again.
    private func keep(_ entries: [StreamEntry], after error: any Error) {
        if case .refused? = error as? CoordinationError { return }
        if removals.count + entries.count <= Self.removalsLimit { removals += entries }
    }

    /// 50,000: more than a node has streams.
    private static let removalsLimit = 50_000

    // MARK: What is open

    private func refreshSlot() {
        slot = (slot + 1) % Self.slots
        refresh(owners.keys.filter { Self.slot(of: $0) == slot })
        refreshPresence(slot: slot)
    }

    static func slot(of value: some Hashable) -> Int { Int(UInt(bitPattern: value.hashValue) % UInt(slots)) }

    /// Says of these users' streams that they are open.
    private func refresh(_ users: [StreamOwner]) {
        let calls = users.flatMap { owner -> [OpenStreams] in
            let streams = open(owner).filter(\.isRegistered)
            guard let first = streams.first else { return [] }
            let limit = limit(for: first)
            return streams.chunks(of: Self.streamsPerCall).map {
                OpenStreams(owner: owner, limit: limit, streams: $0.map(registered))
            }
        }
        guard !calls.isEmpty else { return }
        watch(coordination.refresh(calls)) { self.displace($0) }
    }

    /// 200 streams of one user: a script that takes a millisecond keeps nobody waiting.
    private static let streamsPerCall = 200

    /// What the nodes share was away, or another node's streams are to be told from the dead: everything at once, once.
    func refreshAll() {
        refresh(Array(owners.keys))
        for slot in 0..<Self.slots { refreshPresence(slot: slot) }
    }

    // MARK: Nodes

    /// A node that was not known has spoken: it knows this one after the next beat, and this one knows it.
    func beatSoon() {
        guard !timers.isEmpty else { return }
        isBeatWanted = true
        guard !isBeatScheduled else { return }
        isBeatScheduled = true
        isBeatWanted = false
        beat()
        // Once a second is often enough, whoever speaks.
        eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) {
            self.isBeatScheduled = false
            if self.isBeatWanted { self.beatSoon() }
        }
    }

    private func beat() {
        let isFirst = nodes.isEmpty
        guard let ownFigures else { return }
        let answer = ownFigures().flatMap { [coordination, node] in coordination.beat(node, figures: $0) }
        answer.hop(to: eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let nodes):
                self.note(self.reachability.beatSucceeded())
                let known = self.nodes.filter { !$0.isLost }.map(\.name)
                self.nodes = nodes
                self.bid(farewellTo: Set(known).subtracting(nodes.map(\.name)))
                if isFirst { self.introduce() }
                self.mourn()
            case .failure(let error): self.note(self.reachability.beatFailed(), error)
            }
        }
    }

    /// The others look at once who that is; until they know, they ask this node nothing. It is said until it was heard here as
    /// well: by then the relay is there, and this node hears of those that begin after it.
    ///
    /// - Parameter attempts: how often at most; the beats tell in the end.
    private func introduce(attempts: Int = 40) {
        guard !isIntroduced, attempts > 0, !timers.isEmpty else { return }
        tell(NodeMessage(from: node), nil)
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { self.introduce(attempts: attempts - 1) }
    }

    /// The node has heard its own introduction: it looks again who else there is by now.
    func heardItself() {
        guard !isIntroduced else { return }
        isIntroduced = true
        beatSoon()
    }

    /// A node that shut down has said for how long its users are still there; somebody has to notice when that is over.
    private func bid(farewellTo gone: Set<String>) {
        guard !gone.isEmpty else { return }
        let grace = TimeAmount.milliseconds(Int64(coordination.times.offlineGrace + Int.random(in: 250...1_000)))
        eventLoop.assumeIsolated().scheduleTask(in: grace) { self.sweepAll() }
    }

    /// The streams of a node that is lost expire; somebody has to notice, and soon after it is so.
    private func mourn() {
        let lost = nodes.filter(\.isLost)
        mourned.formIntersection(lost.map(\.name))
        for record in lost where mourned.insert(record.name).inserted {
            logger.warning("a node is lost", metadata: ["node": "\(record.name)"])
            // It may have refreshed a stream up to a beat after it was last heard of.
            let rest = coordination.times.stream + configuration.beatMilliseconds - Int(record.silentMilliseconds)
            // Not all nodes in the same moment.
            let delay = TimeAmount.milliseconds(Int64(max(0, rest) + Int.random(in: 500...3_000)))
            eventLoop.assumeIsolated().scheduleTask(in: delay) { self.sweepAll() }
        }
    }

    private func sweepAll() {
        watch(coordination.sweep(Array(owners.keys)))
        watch(coordination.sweep(Array(Set(owners.keys.map(\.project)))))
    }

    // MARK: Whether it can be reached

    /// Notes what becomes of a call, and hands its answer over.
    @discardableResult
    func watch<Answer: Sendable>(
        _ call: EventLoopFuture<Answer>, _ take: @escaping (Answer) -> Void = { _ in }
    ) -> EventLoopFuture<Void> {
        let done = call.hop(to: eventLoop)
        done.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let answer): take(answer)
            case .failure(let error): self.failed(error)
            }
        }
        return done.map { _ in }
    }

    private func note(_ change: Reachability.Change, _ error: (any Error)? = nil) {
        switch change {
        case .nothing: break
        case .found, .foundAgain:
            if change == .foundAgain {
                logger.notice("the nodes know of each other again; the limits hold for all of them")
            }
            sayAgain()
        case .lost:
            logger.warning(
                "the nodes cannot know of each other's streams; the limits hold for this node alone",
                metadata: ["error": "\(error.map { "\($0)" } ?? "")"])
            tryAgain()
        }
    }

    /// Until it can be reached, so that the limits hold for all nodes as soon as they can, and a new node is known at once.
    private func tryAgain() {
        guard !timers.isEmpty else { return }
        eventLoop.assumeIsolated().scheduleTask(in: Self.retryInterval) {
            guard !self.reachability.isReachable else { return }
            self.beat()
            self.tryAgain()
        }
    }

    private static let retryInterval = TimeAmount.milliseconds(Int64(Reachability.shortestPause))

    /// A call has failed. A beat tells whether all would; if not, what the node had to say is said again a little later, unless
    /// it was refused: then the next refresh is soon enough.
    func failed(_ error: any Error) {
        let isRefusal = if case .refused? = error as? CoordinationError { true } else { false }
        if reachability.isReachable, reachability.shouldLog(isRefusal ? "refused" : "failed", now: eventLoop.now) {
            logger.warning(
                "what the nodes share could not be used for a user or a project; the node goes on by itself there",
                metadata: ["error": "\(error)"])
        }
        guard !isRefusal else { return }
        beatSoon()
        guard let pause = reachability.callFailed(now: eventLoop.now) else { return }
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(pause))) {
            if self.reachability.repeatIsDue(), !self.timers.isEmpty { self.sayAgain() }
        }
    }

    private func sayAgain() {
        scheduleFlush()
        refreshAll()
    }
}

extension Array {
    /// In pieces of at most `size`.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
