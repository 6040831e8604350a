import struct NIOCore.ByteBuffer
import Testing
import TributaryCore
import TributaryProtocol

extension EventLogContract {
    func pages(_ session: EventLogSession) async throws {
        let channels: [Channel] = [.chat, .jobs, .brief]
        for number in 0..<60 { try await session.publish(channels[number % 3]) }
        let envelopes = try await session.heard(60).map(\.bytes)
        for limit in [1, 7, 59, 60, 61, 1_000] {
            let entries = try await session.readAll(limit: limit)
            #expect(entries.map(\.envelope) == envelopes, "pages of \(limit)")
        }
        let first = try await session.read(channels, limit: 7)
        #expect(!first.isLast)
        #expect(first.start == .start)
        #expect(first.end == first.entries.last?.position)
        let rest = try await session.read(channels, after: .position(first.end))
        #expect(rest.isLast)
        #expect(rest.start == first.end)
        #expect(rest.end == rest.state.head)
        // A channel's last event need not be the project's.
        let chat = try await session.read([.chat], limit: 1_000)
        #expect(chat.isLast)
        #expect(chat.end == chat.state.head)
        #expect(chat.entries.last?.position == chat.state.channels[.chat]?.lastPosition)
        #expect(chat.entries.last?.id == chat.state.channels[.chat]?.last)
        #expect(chat.entries.last?.position != chat.end)
    }

    func findsCursors(_ session: EventLogSession) async throws {
        for id in [100, 200, 300] as [UInt64] { try await session.publish(.chat, id: id) }
        try await session.publish(.chat, id: 250)
        func ids(after cursor: LogCursor) async throws -> [UInt64] {
            try await session.read([.chat], after: cursor).entries.map(\.id.rawValue)
        }
        #expect(try await ids(after: .id(0)) == [100, 200, 300, 250])
        #expect(try await ids(after: .position(.start)) == [100, 200, 300, 250])
        #expect(try await ids(after: .id(99)) == [100, 200, 300, 250])
        #expect(try await ids(after: .id(100)) == [200, 300, 250])
        #expect(try await ids(after: .id(150)) == [200, 300, 250])
        #expect(try await ids(after: .id(300)) == [250])
        #expect(try await ids(after: .id(250)) == [])
        #expect(try await ids(after: .position(LogPosition(high: 300, late: 0))) == [250])
        #expect(try await ids(after: .position(LogPosition(high: 200, late: 9))) == [300, 250])
        #expect(try await session.read([.chat], after: .id(250)).start == LogPosition(high: 300, late: 1))
        #expect(try await session.read([.chat], after: .id(150)).start == LogPosition(high: 150))
        // From the future: nothing stands behind it, and the state tells that it does not fit.
        let future = try await session.read([.chat], after: .id(1_000))
        #expect(future.entries.isEmpty)
        #expect(future.isLast)
        #expect(future.start == LogPosition(high: 1_000))
        #expect(future.state.head == LogPosition(high: 300, late: 1))
        #expect(try await session.read([.chat], after: .id(EventID.maximum)).entries.isEmpty)
    }

    func readsAfterLateOnes(_ session: EventLogSession) async throws {
        var random = SeededGenerator(seed: 3)
        let channels: [Channel] = [.chat, .jobs, .brief]
        var model = LogModel()
        for number in (1...60 as ClosedRange<UInt64>).shuffled(using: &random) {
            let channel = channels[Int.random(in: 0..<channels.count, using: &random)]
            try await session.publish(channel, id: number)
            _ = model.add(try #require(EventID(number)), in: channel)
        }
        for arrival in model.arrivals {
            let page = try await session.read(channels, after: .id(arrival.id.rawValue))
            #expect(page.start == arrival.position)
            #expect(page.entries.map(\.id) == model.arrivals(on: Set(channels), after: arrival.id).map(\.id))
            #expect(page.entries.map(\.position) == page.entries.map(\.position).sorted())
        }
    }

    func selectsChannels(_ session: EventLogSession) async throws {
        var model = LogModel()
        let channels: [Channel] = [.chat, .jobs, .brief]
        for number in 0..<30 {
            let channel = channels[number * 7 % 3]
            let id = try #require(try await session.publish(channel).id.flatMap(EventID.init))
            _ = model.add(id, in: channel)
        }
        for selection in [[.chat], [.jobs, .brief], [.brief, .chat, .jobs], []] as [[Channel]] {
            let page = try await session.read(selection)
            #expect(page.entries.map(\.id) == model.arrivals(on: Set(selection)).map(\.id))
            #expect(page.entries.allSatisfy { selection.contains($0.channel) })
            #expect(Set(page.state.channels.keys).isSubset(of: selection))
            #expect(page.state.head == model.arrivals.last?.position)
            #expect(page.isLast)
        }
    }

    func readsUnknownProjects(_ session: EventLogSession) async throws {
        for cursor in [.id(0), .id(5), .position(LogPosition(high: 7, late: 1))] as [LogCursor] {
            let page = try await session.read([.chat, .jobs], after: cursor)
            #expect(page.entries.isEmpty)
            #expect(page.isLast)
            #expect(page.state.epoch == 0)
            #expect(page.state.origin == nil)
            #expect(page.state.head == .start)
            #expect(page.state.channels.values.allSatisfy { $0.last == nil && $0.floor == nil })
        }
    }

    func separatesProjects(_ session: EventLogSession) async throws {
        let other = try ProjectID("p2")
        try await session.publish(.chat, id: 5)
        try await session.publish(.chat, project: other)
        try await session.publish(.chat, id: 6)
        // In a cluster each may come over a connection of its own.
        let heard = Dictionary(grouping: try await session.heard(3), by: \.topic.project)
        let own = heard[session.project] ?? []
        #expect(own.map(\.envelope.placement?.previous?.rawValue) == [nil, 5])
        #expect(heard[other]?.map(\.envelope.placement?.previous?.rawValue) == [nil])
        #expect(try await session.read([.chat]).entries.map(\.envelope) == own.map(\.bytes))
        #expect(try await session.read([.chat], project: other).entries.map(\.envelope) == heard[other]?.map(\.bytes))
    }
}
