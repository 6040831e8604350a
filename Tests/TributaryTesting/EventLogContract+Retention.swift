import struct NIOCore.ByteBuffer
import Testing
import TributaryCore
import TributaryProtocol

extension EventLogContract {
    /// A log may wait for that many events before it trims.
    private static let slack = 16

    func boundsCount(_ session: EventLogSession) async throws {
        var model = LogModel()
        var random = SeededGenerator(seed: 4)
        // Late ones among them.
        let ids = (1...120 as ClosedRange<UInt64>).map { ($0, $0 + UInt64.random(in: 0..<6, using: &random)) }
            .sorted { $0.1 < $1.1 }.map(\.0)
        for number in ids {
            let channel: Channel = number.isMultiple(of: 5) ? .chat : .few
            try await session.publish(channel, id: number)
            _ = model.add(try #require(EventID(number)), in: channel)
        }
        let page = try await session.read([.chat, .few])
        let chat = model.arrivals(on: [.chat])
        let few = model.arrivals(on: [.few])
        #expect(page.entries.filter { $0.channel == .chat }.map(\.id) == chat.map(\.id))
        #expect(page.state.channels[.chat]?.floor == nil)
        let kept = page.entries.filter { $0.channel == .few }
        #expect((10...10 + Self.slack).contains(kept.count))
        #expect(kept.map(\.id) == few.suffix(kept.count).map(\.id))
        #expect(page.state.channels[.few]?.floor == few[few.count - kept.count - 1].position)
        #expect(page.state.channels[.few]?.last == few.last?.id)
        #expect(page.state.channels[.few]?.lastPosition == few.last?.position)
        // The chain goes on from what is gone.
        try await session.publish(.few, id: 500)
        let next = try #require(try await session.heard(121).last)
        #expect(next.envelope.placement?.sorted == model.placement(try #require(EventID(500)), in: .few))
    }

    func boundsBytes(_ session: EventLogSession) async throws {
        let data = "\"" + String(repeating: "x", count: 300) + "\""
        var ids: [UInt64] = []
        for _ in 0..<100 { ids.append(try #require(try await session.publish(.light, data: data).id)) }
        let page = try await session.read([.light])
        let bytes = page.entries.map(\.envelope.readableBytes).reduce(0, +)
        #expect(bytes <= 4_096 + Self.slack * 500)
        #expect(bytes >= 3_000)
        #expect(page.entries.map(\.id.rawValue) == ids.suffix(page.entries.count))
        #expect(page.state.channels[.light]?.floor?.high == ids[ids.count - page.entries.count - 1])
        _ = try await session.heard(100)
    }

    func boundsAge(_ session: EventLogSession) async throws {
        let began = Instant.microseconds
        try await session.setTime(began)
        let first = try #require(try await session.publish(.brief).id)
        try await session.setTime(began + 30_000_000)
        let second = try #require(try await session.publish(.brief).id)
        try await session.publish(.chat)
        try await session.setTime(began + 70_000_000)
        let page = try await session.read([.brief, .chat])
        #expect(page.entries.map(\.channel) == [.brief, .chat])
        #expect(page.entries.first?.id.rawValue == second)
        #expect(page.state.channels[.brief]?.floor == LogPosition(high: first))
        try await session.setTime(began + 100_000_000)
        let later = try await session.read([.brief, .chat])
        #expect(later.entries.map(\.channel) == [.chat])
        #expect(later.state.channels[.brief]?.floor == LogPosition(high: second))
        #expect(later.state.channels[.brief]?.last?.rawValue == second)
        // It is the same log still.
        #expect(later.state.epoch == page.state.epoch)
    }

    func beginsAnew(_ session: EventLogSession) async throws {
        try await session.publish(.chat, id: 50)
        let first = try await session.everything().state
        #expect(first.epoch != 0)
        #expect(first.origin?.rawValue == 50)
        for id in [60, 40, 70] as [UInt64] { try await session.publish(.jobs, id: id) }
        let later = try await session.everything().state
        #expect(later.epoch == first.epoch)
        #expect(later.origin?.rawValue == 40)
        try await session.fixture.wipe?()
        let empty = try await session.everything()
        #expect(empty.entries.isEmpty)
        #expect(empty.state.epoch == 0)
        // Whoever comes first owns the new one.
        let id = try #require(try await session.publish(.chat).id)
        let second = try await session.everything().state
        #expect(second.epoch != 0)
        #expect(second.epoch != first.epoch)
        #expect(second.origin?.rawValue == id)
    }
}
