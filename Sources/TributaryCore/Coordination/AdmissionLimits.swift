/// How many streams a node has, and from where; decides whether one more may come in. Lives on its registrar's event loop.
///
/// Loopback has no limits of its own: a proxy on the same machine brings everybody's streams.
struct AdmissionLimits {
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
        try check(limited)
        count += 1
        if let limited { addresses[limited, default: 0] += 1 }
    }

    /// Whether there is room for one more stream, whatever the rate.
    func check(_ address: String?) throws(AdmissionRefusal) {
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
        let capacity = Double(perSecond)
        if rates.count >= Self.ratesLimit { prune(now: now) }
        var rate = rates[address] ?? Rate(tokens: capacity, updatedAt: now)
        let elapsed = Double(now - min(now, rate.updatedAt)) / 1_000_000
        rate.tokens = min(capacity, rate.tokens + elapsed * capacity)
        rate.updatedAt = now
        let isAllowed = rate.tokens >= 1
        if isAllowed { rate.tokens -= 1 }
        // While ten thousand addresses are busy, no further one is remembered.
        if rates[address] != nil || rates.count < Self.ratesLimit { rates[address] = rate }
        guard isAllowed else {
            throw .addressRate(retryMilliseconds: max(1, Int(((1 - rate.tokens) / capacity * 1_000).rounded(.up))))
        }
    }

    /// Forgets addresses whose bucket is full again; once a second at most, because a flood from many would pay for it each time.
    private mutating func prune(now: UInt64) {
        guard now - min(now, prunedAt) >= 1_000_000 else { return }
        prunedAt = now
        rates = rates.filter { now - min(now, $0.value.updatedAt) < 1_000_000 }
    }

    /// Whether an address, as text without a port, is this machine's own.
    static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }
}
