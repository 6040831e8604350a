import NIOCore

/// Sends each command to the master of its key's slot: one connection to each, made again whenever it is lost.
///
/// What a server sends elsewhere (`MOVED`, `ASK`) or puts off (`TRYAGAIN`, `CLUSTERDOWN`) is sent again until the command's
/// time-out is over, in the order of the slot. A command to a server that cannot be reached fails at once, and one whose
/// connection is lost before the answer is not sent again: nobody knows whether it was done. A new master's first word is
/// that of `CLUSTER SLOTS`, asked for with each `MOVED`, each lost connection, and every 10 s.
///
/// `@unchecked Sendable`: everything lives on its event loop, and every call is made there.
final class ClusterRouter: @unchecked Sendable {
    /// One command, or a whole transaction.
    final class Job {
        let commands: [RedisCommand]
        let promises: [EventLoopPromise<RESPValue>]
        let slot: Int?
        let deadline: NIODeadline
        /// Where the last answer sent it.
        var redirect: ClusterRedirect?
        var error: any Error = RedisError.connectFailed("no server has the slot")

        init(_ commands: [RedisCommand], slot: Int?, deadline: NIODeadline, on eventLoop: any EventLoop) {
            self.commands = commands
            promises = commands.map { _ in eventLoop.makePromise() }
            self.slot = slot
            self.deadline = deadline
        }

        func complete(_ results: [Result<RESPValue, any Error>]) {
            for (promise, result) in zip(promises, results) { promise.completeWith(result) }
        }

        func fail(_ error: any Error) {
            for promise in promises { promise.fail(error) }
        }
    }

    let eventLoop: any EventLoop
    let configuration: RedisConfiguration
    let seeds: [RedisHost]
    var changed: (Result<RedisConnection, RedisError>) -> Void = { _ in }
    /// Called with each map that differs from the one before.
    var mapChanged: () -> Void = {}

    var map: SlotMap?
    /// The newest that a server told; `map` may be ahead of it by what was moved since.
    var toldMap: SlotMap?
    /// The cluster counts its failovers.
    var epoch: Int64 = 0
    var nodes: [RedisHost: LogConnection] = [:]
    private var lanes = SlotLanes<Job>()
    var lastError = RedisError.connectFailed("not started")
    var backoff = ReconnectBackoff()
    var generator = SystemRandomNumberGenerator()
    var asked = 0
    var isRefreshing = false
    var mustRefreshAgain = false
    var isStopped = false
    var timer: Scheduled<Void>?
    var refreshedAt: NIODeadline?

    init(_ configuration: RedisConfiguration, seeds: [RedisHost], on eventLoop: any EventLoop) {
        self.configuration = configuration
        self.seeds = seeds
        self.eventLoop = eventLoop
    }

    /// - Parameter changed: called whenever every master has a connection, anew or again, and with the error when one has none.
    func start(changed: @escaping (Result<RedisConnection, RedisError>) -> Void) {
        self.changed = changed
        refresh()
    }

    /// The future succeeds when all sockets are closed, after the answers that are still to come.
    func stop() -> EventLoopFuture<Void> {
        isStopped = true
        lastError = .closed
        changed = { _ in }
        mapChanged = {}
        timer?.cancel()
        return EventLoopFuture.andAllComplete(nodes.values.map { $0.stop() }, on: eventLoop)
    }

    /// Masters that can be reached, in the order of their names.
    var masters: [(host: RedisHost, connection: RedisConnection)] {
        (map?.masters ?? []).compactMap { host in nodes[host]?.connection.map { (host, $0) } }
    }

    // MARK: Sending

    /// A command goes by its key; one without a key to the first master that can be reached. What stands behind `MULTI` is one
    /// transaction, and goes by its first key.
    ///
    /// The futures fail with ``RedisError``.
    func send(_ commands: [RedisCommand]) -> [EventLoopFuture<RESPValue>] {
        eventLoop.assertInEventLoop()
        let deadline = NIODeadline.now() + .milliseconds(Int64(configuration.commandTimeoutMilliseconds))
        if commands.first?.beginsTransaction == true {
            let slot = commands.lazy.compactMap(\.slot).first
            return submit(Job(commands, slot: slot, deadline: deadline, on: eventLoop))
        }
        return commands.flatMap { submit(Job([$0], slot: $0.slot, deadline: deadline, on: eventLoop)) }
    }

    private func submit(_ job: Job) -> [EventLoopFuture<RESPValue>] {
        if let slot = job.slot {
            if lanes.submit(job, slot: slot) { sendNow(job) }
        } else if let (host, connection) = masters.first {
            send(job, to: host, on: connection, asking: false)
        } else {
            job.fail(lastError)
        }
        return job.promises.map(\.futureResult)
    }

    /// To the slot's master.
    private func sendNow(_ job: Job) {
        guard let slot = job.slot else { return }
        guard let map else { return fail(job, lastError) }
        guard let host = map.owner(of: slot) else { return redirected(job, .later, RedisError.noOwner) }
        guard let connection = nodes[host]?.connection else { return fail(job, nodes[host]?.failure ?? lastError) }
        send(job, to: host, on: connection, asking: false)
    }

    private func send(_ job: Job, to host: RedisHost, on connection: RedisConnection, asking: Bool) {
        // Not the future's business: its refusal shows in the answer to the command.
        if asking { connection.send(RedisCommand("ASKING")).whenComplete { _ in } }
        let answers = job.commands.map { connection.send($0) }
        EventLoopFuture.whenAllComplete(answers, on: eventLoop).assumeIsolated().whenSuccess { results in
            for case .failure(let error) in results {
                guard let redirect = ClusterRedirect(error, asked: host) else { continue }
                return self.redirected(job, redirect, error)
            }
            job.complete(results)
            self.finished(job)
        }
    }

    private func fail(_ job: Job, _ error: any Error) {
        job.fail(error)
        finished(job)
    }

    private func finished(_ job: Job) {
        if let slot = job.slot { act(lanes.answered(slot)) }
    }

    private func redirected(_ job: Job, _ redirect: ClusterRedirect, _ error: any Error) {
        job.redirect = redirect
        job.error = error
        if case .moved(let slot, let host) = redirect {
            map?.move(slot, to: host)
            open(host)
            refresh()
        }
        guard let slot = job.slot, !isStopped else { return fail(job, error) }
        act(lanes.redirected(job, slot: slot))
    }

    private func act(_ action: SlotLanes<Job>.Action) {
        switch action {
        case .nothing: break
        case .send(let jobs): for job in jobs { sendNow(job) }
        case .retry(let job): retry(job)
        }
    }

    /// 20 ms: between two attempts where nothing else says when.
    private static let retryDelay = TimeAmount.milliseconds(20)

    private func retry(_ job: Job) {
        guard NIODeadline.now() < job.deadline, !isStopped else { return fail(job, job.error) }
        switch job.redirect {
        case .moved(_, let host)?:
            if let connection = nodes[host]?.connection { return send(job, to: host, on: connection, asking: false) }
        case .ask(let host)?:
            open(host)
            if let connection = nodes[host]?.connection { return send(job, to: host, on: connection, asking: true) }
        case .later?, nil: break
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.retryDelay) {
            if job.redirect == .later {
                job.redirect = nil
                // The slot may have another master by now, or one at last.
                self.refresh()
                self.sendNow(job)
            } else {
                self.retry(job)
            }
        }
    }
}

extension RedisError {
    fileprivate static let noOwner = RedisError.server(
        code: "CLUSTERDOWN", message: "CLUSTERDOWN no server of the cluster has the slot")
}
