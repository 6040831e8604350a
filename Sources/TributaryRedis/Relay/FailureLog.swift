/// Which failures are worth a line in the log: a new one at once, the same one again after 30 s.
struct FailureLog {
    static let repeatMilliseconds = 30_000
    /// Different texts that are remembered, in case each is new.
    private static let maximumTexts = 8

    private var loggedAt: [String: Int] = [:]

    /// - Parameter now: milliseconds of a monotonic clock.
    mutating func shouldLog(_ text: String, now: Int) -> Bool {
        loggedAt = loggedAt.filter { now - $0.value < Self.repeatMilliseconds }
        guard loggedAt[text] == nil, loggedAt.count < Self.maximumTexts else { return false }
        loggedAt[text] = now
        return true
    }

    /// All is well again: the next failure is news.
    mutating func reset() {
        loggedAt.removeAll()
    }
}
