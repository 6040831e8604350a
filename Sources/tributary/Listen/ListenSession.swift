import Foundation
import TributaryClient
import TributaryProtocol
import UnixSignals

/// One run of `tributary listen`: prints what the client receives until somebody has had enough.
struct ListenSession {
    let client: TributaryClient
    let address: String
    let isJSON: Bool
    /// How many events to print; `nil` for no end.
    let limit: Int?
    let palette: Palette

    /// - Throws: ``CommandFailure`` if the hub will not have the client.
    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let events = client.allEvents
        reportStatus()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runClient() }
            group.addTask { for await _ in signals { return } }
            group.addTask { await printing(events) }
            // Whichever ends first ends the others: the client by itself, a signal, or enough events.
            try await group.next()
            client.close()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func runClient() async throws {
        do {
            try await client.run()
        } catch {
            throw CommandFailure("\(address): \(Wording.of(error))")
        }
        if case .closed(let reason) = client.status { throw CommandFailure("\(address): closed by the hub: \(reason)") }
    }

    private func printing(_ events: EventSequence<StreamEvent>) async {
        var printed = 0
        var iterator = events.makeAsyncIterator()
        // The sequence throws what the client's run throws, and that is told there.
        while let event = try? await iterator.next() {
            if event.name == Heartbeat.eventName { continue }
            let line = EventLine(name: event.name, data: event.data, id: event.id, isReplay: event.isReplay)
            // The stream's beginning is news of the connection, not an event of the project.
            if event.name == Connected.eventName {
                Console.error("tributary: \(address): connected: \(line.summary)")
                continue
            }
            let text = isJSON ? line.json : line.text(at: Date(), palette: palette)
            // Nobody reads any more, as behind `| head -1`: that is enough.
            guard (try? Console.line(text)) != nil else { return }
            printed += 1
            if printed == limit { return }
        }
    }

    private func reportStatus() {
        client.onStatusChange { status in
            if let text = Wording.of(status) { Console.error("tributary: \(address): \(text)") }
        }
        client.onError { error in
            switch error {
            // Raw events decode always, and a refusal is what the command ends with.
            case .undecodable, .refused: break
            default: Console.error("tributary: \(address): \(Wording.of(error))")
            }
        }
    }
}
