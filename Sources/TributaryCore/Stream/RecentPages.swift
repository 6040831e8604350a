import DequeModule
import NIOCore

/// Pages of the log that were read a moment ago, for those who come back at the same time with the same cursor.
///
/// What a page holds never changes, as the log only grows behind its end: who asks a moment later may have it as well, but for the
/// word that nothing stands behind it. Bounded in time and bytes.
struct RecentPages {
    /// 250 ms: a herd of thousands asks for the same pages four times a second; a hub may well take as long to hear that a log
    /// was lost.
    static let lifetime = TimeAmount.milliseconds(250)
    /// 4 MiB an event loop.
    static let byteLimit = 4 << 20

    private struct Kept {
        let page: ReplayPage
        let until: NIODeadline
        let byteCount: Int
    }

    private var pages: [LogReader.Request: Kept] = [:]
    /// By time; a request that was kept anew stands here twice.
    private var order: Deque<(request: LogReader.Request, until: NIODeadline)> = []
    private(set) var byteCount = 0

    /// When the oldest one is to go; `nil` if there is none.
    var nextExpiry: NIODeadline? { order.first?.until }

    /// Keeps a page that holds something, so that it ends behind the place where it begins: who reads on from it gets on.
    mutating func keep(_ page: ReplayPage, for request: LogReader.Request, at now: NIODeadline) {
        removeExpired(at: now)
        let size = page.segments.reduce(0) { $0 + $1.bytes.readableBytes }
        guard size > 0, size <= Self.byteLimit else { return }
        var page = page
        page.isLast = false
        let kept = Kept(page: page, until: now + Self.lifetime, byteCount: size)
        byteCount += size - (pages.updateValue(kept, forKey: request)?.byteCount ?? 0)
        order.append((request, kept.until))
        while byteCount > Self.byteLimit { removeFirst() }
    }

    func page(for request: LogReader.Request, at now: NIODeadline) -> ReplayPage? {
        guard let kept = pages[request], now < kept.until else { return nil }
        return kept.page
    }

    mutating func removeExpired(at now: NIODeadline) {
        while let until = nextExpiry, until <= now { removeFirst() }
    }

    private mutating func removeFirst() {
        guard let first = order.popFirst(), let kept = pages[first.request], kept.until == first.until else { return }
        pages[first.request] = nil
        byteCount -= kept.byteCount
    }
}
