import NIOConcurrencyHelpers
import TributaryClient
import TributaryProtocol

extension TributaryClientConfiguration {
    /// Backoffs of milliseconds, so that a test's life is short.
    static let quick = TributaryClientConfiguration(
        reconnect: ReconnectPolicy(
            base: .milliseconds(2),
            cap: .milliseconds(10),
            connectTimeout: .seconds(20),
            shortestRetry: .milliseconds(1)
        )
    )

    func with(_ change: (inout TributaryClientConfiguration) -> Void) -> TributaryClientConfiguration {
        var copy = self
        change(&copy)
        return copy
    }
}

extension TributaryClient {
    /// Runs the client while `body` runs.
    ///
    /// - Throws: what `body` throws, or else what the run does.
    func running<Result>(_ body: () async throws -> Result) async throws -> Result {
        let run = start()
        do {
            let result = try await body()
            close()
            try await run.value
            return result
        } catch {
            close()
            _ = await run.result
            throw error
        }
    }

    /// Runs the client until an event of this name, and returns every event up to it but the hub's own.
    func collect(until last: String = "test.end") async throws -> [StreamEvent] {
        let events = allEvents
        return try await running {
            var collected: [StreamEvent] = []
            for try await event in events {
                if event.name == last { break }
                if EventName.reserved.contains(event.name) { continue }
                collected.append(event)
            }
            return collected
        }
    }
}

/// Values from handlers, in order.
final class Recorder<Element: Sendable>: Sendable {
    private let box = NIOLockedValueBox<[Element]>([])

    var values: [Element] { box.withLockedValue { $0 } }

    func append(_ value: Element) { box.withLockedValue { $0.append(value) } }
}
