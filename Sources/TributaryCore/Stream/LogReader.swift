import DequeModule
import NIOCore
import TributaryProtocol

/// Reads the log for the streams of one event loop, in pages that are encoded once for all who wait for the same one.
///
/// Many streams that come back at once must not keep the live ones waiting: few reads are under way at a time, and pages are
/// handed out a few per turn of the event loop. Lives on its shard's event loop.
final class LogReader {
    /// What to read; equal requests that wait share one read.
    struct Request: Hashable {
        let project: ProjectID
        let channels: ChannelSet
        let cursor: LogCursor
        /// Under the catalog's replay names; otherwise as they were published.
        let isReplay: Bool
        /// Differs when a page that was read before could be silent on a loss: ``ProjectStreams/generation``.
        var generation = 0
    }

    typealias Completion = (Result<ReplayPage, EventLogError>) -> Void

    /// 64 events: with 16 KiB each as much as a tail.
    static let pageSize = 64
    /// 4: enough to keep the log busy, few enough for the answers to come one by one.
    private static let concurrentReads = 4
    /// 8 streams, then whatever else the loop has to do.
    private static let completionsPerTurn = 8
    private static let turn = TimeAmount.milliseconds(1)

    private let log: any EventLog
    private let catalog: Catalog
    private let eventLoop: any EventLoop
    private var queue: Deque<Request> = []
    private var waiting: [Request: [Completion]] = [:]
    private var active = 0
    private var completions: Deque<(Completion, Result<ReplayPage, EventLogError>)> = []
    private var isTurning = false
    private var recent = RecentPages()
    private var isForgetting = false

    init(log: any EventLog, catalog: Catalog, eventLoop: any EventLoop) {
        self.log = log
        self.catalog = catalog
        self.eventLoop = eventLoop
    }

    /// Calls `completion` when the log has answered: at once if it does or has a moment ago, but never from within another one.
    func read(_ request: Request, _ completion: @escaping Completion) {
        if let page = recent.page(for: request, at: eventLoop.now) { return finish([completion], with: .success(page)) }
        if waiting[request] == nil { queue.append(request) }
        waiting[request, default: []].append(completion)
        readNext()
    }

    private func readNext() {
        while active < Self.concurrentReads, let request = queue.popFirst() {
            // Who asks from now on wants to know what is there from now on.
            guard let completions = waiting.removeValue(forKey: request) else { continue }
            active += 1
            let channels = request.channels.indices.map { catalog.channels[$0] }
            log.read(channels, of: request.project, after: request.cursor, limit: Self.pageSize)
                .hop(to: eventLoop).assumeIsolated().whenComplete { result in
                    self.active -= 1
                    let result = self.page(result, for: request)
                    if case .success(let page) = result { self.keep(page, for: request) }
                    self.finish(completions, with: result)
                    self.readNext()
                }
        }
    }

    private func page(
        _ result: Result<LogPage, any Error>, for request: Request
    ) -> Result<ReplayPage, EventLogError> {
        switch result {
        case .success(let page): .success(ReplayPage(page, catalog: catalog, isReplay: request.isReplay))
        case .failure(let error): .failure(error as? EventLogError ?? .unavailable("\(error)"))
        }
    }

    private func keep(_ page: ReplayPage, for request: Request) {
        recent.keep(page, for: request, at: eventLoop.now)
        forgetInTime()
    }

    private func forgetInTime() {
        guard !isForgetting, let expiry = recent.nextExpiry else { return }
        isForgetting = true
        eventLoop.assumeIsolated().scheduleTask(deadline: expiry) {
            self.isForgetting = false
            self.recent.removeExpired(at: self.eventLoop.now)
            self.forgetInTime()
        }
    }

    private func finish(_ new: [Completion], with result: Result<ReplayPage, EventLogError>) {
        for completion in new { completions.append((completion, result)) }
        guard !isTurning else { return }
        takeTurn()
    }

    private func takeTurn() {
        // Whoever reads on from here waits for its turn: a log that answers at once would be asked ever deeper.
        isTurning = true
        for _ in 0..<Self.completionsPerTurn {
            guard let (completion, result) = completions.popFirst() else { break }
            completion(result)
        }
        isTurning = !completions.isEmpty
        guard isTurning else { return }
        // Not at once: sockets come between two turns, tasks that are due now would not let them.
        eventLoop.assumeIsolated().scheduleTask(in: Self.turn) { self.takeTurn() }
    }
}
