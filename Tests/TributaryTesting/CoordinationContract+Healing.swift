import NIOConcurrencyHelpers
import class NIOCore.EventLoopFuture
import Testing
import TributaryCore
import TributaryProtocol

extension CoordinationContract {
    func heals(_ session: CoordinationSession) async throws {
        var streams: [RegisteredStream] = []
        for number in 0..<5 {
            streams.append(
                try await session.register(session.stream(number < 3 ? "i\(number)" : nil, userAgent: "x/1")).stream)
        }
        try await session.fixture.wipe()
        #expect(try await session.streams().isEmpty)
        // In any order.
        #expect(try await session.refresh(streams.reversed()).isEmpty)
        var found = try await session.streams()
        for index in found.indices { found[index].refreshedAt = streams[index].refreshedAt }
        #expect(found == streams)
        let (new, displaced) = try await session.register(session.stream("i1"))
        #expect(displaced.map(\.id) == [streams[1].id])
        #expect(new.connectedAt > streams[4].connectedAt)
    }

    func healsReplaced(_ session: CoordinationSession) async throws {
        let (old, _) = try await session.register(session.stream("i1", on: "a"))
        try await session.fixture.wipe()
        let (new, _) = try await session.register(session.stream("i1", on: "b"))
        let replaced = [Displacement(id: old.id, node: "a", reason: .replaced)]
        #expect(try await session.refresh([old]) == replaced)
        #expect(try await session.streams() == [new])
        // The other way round: the older one is there first.
        try await session.fixture.wipe()
        #expect(try await session.refresh([old]).isEmpty)
        #expect(try await session.refresh([new]) == replaced)
        #expect(try await session.streams().map(\.id) == [new.id])
    }

    func healsOverLimit(_ session: CoordinationSession) async throws {
        var streams: [RegisteredStream] = []
        for number in 0..<10 {
            // Three of four on one node, as two nodes have let them in that did not hear of each other.
            let stream = try session.stream(on: number % 4 == 0 ? "b" : "a")
            streams.append(try await session.register(stream, limit: nil).stream)
        }
        for order in [["a", "b"], ["b", "a"]] {
            try await session.fixture.wipe()
            var displaced: Set<ConnectionID> = []
            for node in order {
                for displacement in try await session.refresh(streams.filter { $0.node == node }) {
                    #expect(displacement.reason == .evicted)
                    displaced.insert(displacement.id)
                }
            }
            #expect(displaced == Set(streams.prefix(5).map(\.id)))
            #expect(try await session.streams().map(\.id) == streams.suffix(5).map(\.id))
        }
        // One that lost its place and did not hear of it loses no other its own.
        #expect(try await session.refresh([streams[3]]).map(\.id) == [streams[3].id])
        #expect(try await session.streams().map(\.id) == streams.suffix(5).map(\.id))
    }

    func healsWithoutRefusing(_ session: CoordinationSession) async throws {
        var streams: [RegisteredStream] = []
        for number in 0..<4 {
            streams.append(try await session.register(session.stream(on: "n\(number)"), limit: nil).stream)
        }
        try await session.fixture.wipe()
        #expect(try await session.refresh(streams, limit: 2, .reject).isEmpty)
        #expect(try await session.streams().map(\.id) == streams.map(\.id))
    }

    // MARK: In parallel

    func registersInParallel(_ session: CoordinationSession) async throws {
        let limit = 5
        let outcomes = NIOLockedValueBox<[(stream: RegisteredStream, displaced: [Displacement])]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let node = session.fixture.nodes[number % 2]
                    for _ in 0..<4 {
                        let outcome = try await session.register(
                            session.stream("i\(number % 20)", on: "n\(number % 2)"), limit: limit, at: node)
                        outcomes.withLockedValue { $0.append(outcome) }
                        let count = try await node.streams(of: session.owner).get().count
                        #expect(count <= limit, "never too many")
                    }
                }
            }
            try await group.waitForAll()
        }
        // One after the other, as the registry's times say: who was there, who left.
        var present: [RegisteredStream] = []
        for outcome in outcomes.withLockedValue({ $0 }).sorted(by: { $0.stream.connectedAt < $1.stream.connectedAt }) {
            #expect(present.last?.connectedAt ?? 0 < outcome.stream.connectedAt)
            for displacement in outcome.displaced {
                let index = try #require(present.firstIndex { $0.id == displacement.id }, "each leaves once")
                let left = present.remove(at: index)
                #expect(left.node == displacement.node)
                if displacement.reason == .evicted {
                    #expect(index == 0, "no newer one leaves for an older one")
                } else {
                    #expect(left.instance == outcome.stream.instance)
                }
            }
            present.append(outcome.stream)
            #expect(present.count <= limit)
        }
        #expect(try await session.streams() == present)
    }

    func reconnects(_ session: CoordinationSession) async throws {
        var previous: RegisteredStream?
        for number in 0..<200 {
            let node = session.fixture.nodes[number % 2]
            let (stream, displaced) = try await session.register(session.stream("i1", on: "n\(number % 2)"), at: node)
            #expect(displaced.map(\.id) == (previous.map { [$0.id] } ?? []))
            // Its node is told, and says so.
            if let previous, number % 3 == 0 {
                try await session.one.remove([StreamEntry(owner: session.owner, id: previous.id)]).get()
            }
            previous = stream
        }
        #expect(try await session.streams() == [previous].compactMap { $0 })
    }

    func refreshesMany(_ session: CoordinationSession) async throws {
        var streams: [RegisteredStream] = []
        for number in 0..<1_000 {
            let owner = StreamOwner(user: try UserID("u\(number)"), project: session.project)
            var stream = try session.stream("i1", of: owner)
            stream.connectedAt = Instant.microseconds
            streams.append(stream)
        }
        // One user with many.
        for number in 0..<500 {
            var stream = try session.stream()
            stream.connectedAt = Instant.microseconds + UInt64(number)
            streams.append(stream)
        }
        let gone = streams[700]
        // What ends while the call is on its way is not brought back.
        let refreshed = Dictionary(grouping: streams, by: \.owner).sorted {
            $0.key.user.rawValue < $1.key.user.rawValue
        }
        .map { OpenStreams(owner: $0, limit: StreamLimit(maximum: nil), streams: $1) }
        let refresh = session.one.refresh(refreshed)
        let remove = session.one.remove([StreamEntry(owner: gone.owner, id: gone.id)])
        #expect(try await refresh.get().isEmpty)
        try await remove.get()
        #expect(try await session.streams(of: gone.owner).isEmpty)
        #expect(try await session.streams(of: streams[699].owner).map(\.id) == [streams[699].id])
        #expect(try await session.streams().count == 501)
        try await session.other.remove(streams.map { StreamEntry(owner: $0.owner, id: $0.id) }).get()
        #expect(try await session.streams().isEmpty)
    }
}
