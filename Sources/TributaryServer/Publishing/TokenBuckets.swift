/// Token buckets by key: each key may take so many tokens in a second, and after a pause two seconds' worth at once.
///
/// It holds what was in use lately, and no more than ``limit`` buckets; while all of those are in use, all further keys share one.
struct TokenBuckets<Key: Hashable & Sendable>: Sendable {
    private struct Bucket {
        var tokens: Double
        /// In microseconds.
        var updatedAt: UInt64
    }

    /// 2 s: room for what piled up while a client was offline for a moment, or for a page that says several things at once.
    private static var burstSeconds: Double { 2 }
    /// 1,024: fewer are not worth looking through.
    private static var pruneMinimum: Int { 1_024 }

    private let perSecond: Double
    private let capacity: Double
    private let limit: Int
    private var buckets: [Key: Bucket] = [:]
    private var overflow: Bucket
    /// With so many buckets the full ones are forgotten.
    private var pruneAt: Int
    private var prunedAt: UInt64 = 0

    /// - Parameter limit: 100,000 buckets are 10 MB with their keys. They are forgotten when they have been idle for two seconds.
    init(perSecond: Int, limit: Int = 100_000) {
        self.perSecond = Double(perSecond)
        self.limit = limit
        capacity = max(1, self.perSecond * Self.burstSeconds)
        overflow = Bucket(tokens: capacity, updatedAt: 0)
        pruneAt = min(Self.pruneMinimum, limit)
    }

    var count: Int { buckets.count }

    /// Microseconds until there is a token; 0 if there is one now.
    ///
    /// - Parameter now: microseconds of any clock that does not go back.
    func wait(for key: Key, now: UInt64) -> UInt64 {
        let tokens = tokens(in: bucket(of: key, now: now), now: now)
        return tokens >= 1 ? 0 : max(1, UInt64(((1 - tokens) / perSecond * 1_000_000).rounded(.up)))
    }

    /// Takes a token, of which ``wait(for:now:)`` said that it is there.
    mutating func take(_ key: Key, now: UInt64) {
        if buckets.count >= pruneAt { prune(now: now) }
        var bucket = bucket(of: key, now: now)
        bucket.tokens = max(0, tokens(in: bucket, now: now) - 1)
        bucket.updatedAt = max(bucket.updatedAt, now)
        if buckets[key] != nil || buckets.count < limit {
            buckets[key] = bucket
        } else {
            overflow = bucket
        }
    }

    private func bucket(of key: Key, now: UInt64) -> Bucket {
        if let bucket = buckets[key] { return bucket }
        return buckets.count < limit ? Bucket(tokens: capacity, updatedAt: now) : overflow
    }

    private func tokens(in bucket: Bucket, now: UInt64) -> Double {
        min(capacity, bucket.tokens + Double(now - min(now, bucket.updatedAt)) / 1_000_000 * perSecond)
    }

    /// Forgets buckets that are full again: a new one is as full. Where that leaves many, the next time is when they have doubled;
    /// at the limit, in a second, because a flood of keys would pay for it each time.
    private mutating func prune(now: UInt64) {
        guard buckets.count < limit || prunedAt == 0 || now - min(now, prunedAt) >= 1_000_000 else { return }
        prunedAt = now
        buckets = buckets.filter { tokens(in: $0.value, now: now) < capacity }
        pruneAt = min(limit, max(Self.pruneMinimum, buckets.count * 2))
    }
}
