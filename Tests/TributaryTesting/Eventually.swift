/// Returns once `condition` holds, or throws after `seconds`.
public func eventually(
    _ what: String, seconds: Double = 30, _ condition: () async throws -> Bool
) async throws {
    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TimedOut(description: "not so in time: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
