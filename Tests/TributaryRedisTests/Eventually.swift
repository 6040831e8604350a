/// Returns once `condition` holds, or throws after 30 s.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }
    let deadline = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TimedOut(description: "not so in time: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
