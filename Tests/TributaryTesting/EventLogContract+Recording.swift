import struct NIOCore.ByteBuffer
import Testing
import TributaryCore
import TributaryProtocol

extension EventLogContract {
    func records(_ session: EventLogSession) async throws {
        var model = LogModel()
        let numbers: [(UInt64, Channel)] = [
            (10, .chat), (12, .jobs), (11, .chat), (13, .chat), (9, .jobs),
        ]
        let events = try numbers.map { try session.heardEvent($0.1, $0.0) }
        let expected = try numbers.map { model.add(try #require(EventID($0.0)), in: $0.1) }
        let outcomes = try await session.log.record(events, of: session.project).get()
        #expect(outcomes.map(\.sorted) == expected.map { .appended($0) })
        #expect(try await session.log.record([], of: session.project).get() == [])
        // Again, in another order, among new ones.
        let mixed = [events[3], try session.heardEvent(.chat, 14), events[0], events[4]]
        let next = model.add(try #require(EventID(14)), in: .chat)
        let again = try await session.log.record(mixed, of: session.project).get()
        #expect(
            again.map(\.sorted)
                == [
                    .duplicate(LogPosition(high: 13), epoch: 0), .appended(next),
                    .duplicate(LogPosition(high: 10), epoch: 0), .duplicate(LogPosition(high: 13, late: 1), epoch: 0),
                ]
        )
        // Each says of which log it speaks.
        let epoch = try await session.everything().state.epoch
        #expect(epoch != 0)
        #expect((outcomes + again).map(\.epoch) == Array(repeating: epoch, count: events.count + mixed.count))
        let entries = try await session.readAll()
        #expect(entries.map(\.id) == model.arrivals.map(\.id))
        #expect(entries.map(\.channel) == model.arrivals.map(\.channel))
        #expect(entries.map(\.envelope) == events.map(\.envelope) + [mixed[1].envelope])
        // What the relay brought is not sent to it again; and a call by the same publisher goes on from there.
        try await session.publish(.chat, id: 15)
        let heard = try await session.heard(1)
        #expect(heard.first?.envelope.placement?.sorted == model.placement(try #require(EventID(15)), in: .chat))
        #expect(try await session.publish(.chat, id: 11).duplicate)
        await #expect(throws: EventLogError.ownerMismatch) { try await session.publish(.chat) }
    }

    func recordsInParallel(_ session: EventLogSession) async throws {
        // More than a node hears in one batch.
        let events = try (1...700 as ClosedRange<UInt64>).map {
            try session.heardEvent($0 % 3 == 0 ? .jobs : .chat, $0)
        }
        let outcomes = try await withThrowingTaskGroup(of: [RecordOutcome].self) { group in
            for node in 0..<3 {
                group.addTask {
                    var outcomes: [RecordOutcome] = []
                    let size = [700, 250, 100][node]
                    for start in stride(from: 0, to: events.count, by: size) {
                        let part = Array(events[start..<min(start + size, events.count)])
                        outcomes += try await session.log.record(part, of: session.project).get()
                    }
                    return outcomes
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for index in events.indices {
            let appended = outcomes.filter { if case .appended = $0[index] { true } else { false } }
            #expect(appended.count == 1)
        }
        let entries = try await session.readAll()
        #expect(entries.count == events.count)
        #expect(entries.map(\.id.rawValue).sorted() == Array(1...700))
        for entry in entries { #expect(entry.envelope == events[Int(entry.id.rawValue) - 1].envelope) }
    }

    func recordsPoison(_ session: EventLogSession) async throws {
        let poison = ["", "{", "{\"event\":3}", "\u{0}\r\n*3\r\n", "nonsense"]
        for (index, envelope) in poison.enumerated() {
            let event = try session.heardEvent(.chat, UInt64(index) + 1, envelope: envelope)
            #expect(try await session.record(event).count == 1)
        }
        #expect(try await session.readAll().map { String(buffer: $0.envelope) } == poison)
    }
}

extension RecordOutcome {
    /// With `seen` in the order of names, because its own means nothing, and without the epoch.
    fileprivate var sorted: RecordOutcome {
        switch self {
        case .appended(let placement): .appended(placement.sorted)
        case .duplicate(let position, _): .duplicate(position, epoch: 0)
        case .ownerMismatch: .ownerMismatch
        }
    }

    fileprivate var epoch: UInt64? {
        switch self {
        case .appended(let placement): placement.epoch
        case .duplicate(_, let epoch): epoch
        case .ownerMismatch: nil
        }
    }
}
