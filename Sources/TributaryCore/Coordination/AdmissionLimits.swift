/// How many streams a node has, and from where; decides whether one more may come in. Lives on its registrar's event loop.
///
/// Loopback has no limits of its own: a proxy on the same machine brings everybody's streams.
package struct AdmissionLimits {
    private let maximumStreams: Int?
    private let maximumPerAddress: Int?
    private let perSecond: Int?
    private(set) var count = 0
    private var addresses: [String: Int] = [:]
    private var rates: [String: Rate] = [:]
    private var prunedAt: UInt64 = 0

    /// A token bucket: it holds a second's worth.
    private struct Rate {
        var tokens: Double
        /// In microseconds.
        var updatedAt: UInt64

        func refilled(_ perSecond: Int, now: UInt64) -> Rate {
            let elapsed = Double(now - min(now, updatedAt)) / 1_000_000
            return Rate(tokens: min(Double(perSecond), tokens + elapsed * Double(perSecond)), updatedAt: now)
        }

        func check(_ perSecond: Int) throws(AdmissionRefusal) {
            guard tokens < 1 else { return }
            throw .addressRate(retryMilliseconds: max(1, Int(((1 - tokens) / Double(perSecond) * 1_000).rounded(.up))))
        }
    }

    /// 10,000 addresses: then those that have been quiet for a second are forgotten.
    private static let ratesLimit = 10_000

    init(_ configuration: HubConfiguration) {
        maximumStreams = configuration.maximumStreams
        maximumPerAddress = configuration.maximumStreamsPerAddress
        perSecond = configuration.acceptsPerSecondPerAddress
    }

    /// Takes one more stream in.
    ///
    /// - Parameter now: microseconds of any clock that does not go back.
    mutating func enter(_ address: String?, now: UInt64) throws(AdmissionRefusal) {
        let limited = address.flatMap { Self.isLoopback($0) ? nil : $0 }
        if let limited { try take(limited, now: now) }
        try checkRoom(limited)
        count += 1
        if let limited { addresses[limited, default: 0] += 1 }
    }

    /// Whether ``enter(_:now:)`` would take one more stream in. It does not count as an attempt.
    func check(_ address: String?, now: UInt64) throws(AdmissionRefusal) {
        if let perSecond, let address, !Self.isLoopback(address), let rate = rates[address] {
            try rate.refilled(perSecond, now: now).check(perSecond)
        }
        try checkRoom(address)
    }

    /// Whether there is room for one more stream, whatever the rate.
    private func checkRoom(_ address: String?) throws(AdmissionRefusal) {
        if let maximumStreams, count >= maximumStreams { throw .nodeFull(maximum: maximumStreams) }
        if let maximumPerAddress, let address, !Self.isLoopback(address), let current = addresses[address],
            current >= maximumPerAddress
        {
            throw .addressLimit(current: current, maximum: maximumPerAddress)
        }
    }

    /// A stream that was taken in has gone.
    mutating func leave(_ address: String?) {
        count -= 1
        guard let address, let current = addresses[address] else { return }
        addresses[address] = current > 1 ? current - 1 : nil
    }

    private mutating func take(_ address: String, now: UInt64) throws(AdmissionRefusal) {
        guard let perSecond else { return }
        if rates.count >= Self.ratesLimit { prune(now: now) }
        let known = rates[address] ?? Rate(tokens: Double(perSecond), updatedAt: now)
        var rate = known.refilled(perSecond, now: now)
        let isAllowed = rate.tokens >= 1
        if isAllowed { rate.tokens -= 1 }
        // While ten thousand addresses are busy, no further one is remembered.
        if rates[address] != nil || rates.count < Self.ratesLimit { rates[address] = rate }
        if !isAllowed { try rate.check(perSecond) }
    }

    /// Forgets addresses whose bucket is full again; once a second at most, because a flood from many would pay for it each time.
    private mutating func prune(now: UInt64) {
        guard now - min(now, prunedAt) >= 1_000_000 else { return }
        prunedAt = now
        rates = rates.filter { now - min(now, $0.value.updatedAt) < 1_000_000 }
    }

    /// Whether an address, as text without a port, is this machine's own.
    package static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }
}
