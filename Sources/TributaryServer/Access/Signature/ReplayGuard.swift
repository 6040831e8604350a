/// The signatures of requests that change something, for as long as they hold: none counts twice.
///
/// It never forgets one that would still be accepted. It is this node's own: another node, or this one after a restart, would take
/// the same request once more.
struct ReplayGuard: Sendable {
    /// Tells signed requests apart: half of an HMAC-SHA256 or SHA-256. 128 bits: nobody finds a second request with the same.
    struct Nonce: Hashable, Sendable {
        private let high: UInt64
        private let low: UInt64

        /// - Parameter bytes: of which the first sixteen count.
        init(_ bytes: some Sequence<UInt8>) {
            let bytes = Array(bytes.prefix(16))
            high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    enum Verdict: Equatable, Sendable {
        case new
        case replayed
        /// It is too old to be sure that it is new.
        case stale
        /// There is no room to remember it, for so many seconds.
        case full(seconds: UInt64)
    }

    /// 1,000,000: 3,300 requests a second for the whole window, in about 40 MB.
    static let standardLimit = 1_000_000

    private let limit: Int
    private(set) var count = 0
    /// By the second in which they were signed, which is a part of what is signed: 601 of them at most.
    private var nonces: [UInt64: Set<Nonce>] = [:]
    /// The newest second of which something has been forgotten: a clock that was set back must not bring it to life.
    private var forgotten: UInt64 = 0
    private var lookedAt: UInt64 = 0

    init(limit: Int = standardLimit) {
        self.limit = limit
    }

    /// Takes a request in that has proved to be signed, and fresh.
    ///
    /// - Parameters:
    ///   - signedAt: seconds since 1970.
    ///   - now: seconds since 1970.
    mutating func admit(_ nonce: Nonce, signedAt: UInt64, now: UInt64) -> Verdict {
        forget(now: now)
        guard signedAt > forgotten else { return .stale }
        guard nonces[signedAt]?.contains(nonce) != true else { return .replayed }
        guard count < limit else {
            let oldest = nonces.keys.min() ?? now
            return .full(seconds: max(1, oldest + SignedRequest.window + 1 - min(now, oldest + SignedRequest.window)))
        }
        nonces[signedAt, default: []].insert(nonce)
        count += 1
        return .new
    }

    /// Forgets what holds no more; looks once a second.
    private mutating func forget(now: UInt64) {
        guard now != lookedAt else { return }
        lookedAt = now
        for (second, signed) in nonces where second + SignedRequest.window < now {
            count -= signed.count
            nonces[second] = nil
            forgotten = max(forgotten, second)
        }
    }
}
