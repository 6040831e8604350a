import class NIOCore.EventLoopFuture
import Testing
import TributaryCore
import TributaryProtocol

extension CoordinationContract {
    func registers(_ session: CoordinationSession) async throws {
        var expected: [RegisteredStream] = []
        for number in 0..<5 {
            let node = session.fixture.nodes[number % 2]
            let stream = try session.stream(
                number == 1 ? nil : "i\(number)", on: "n\(number % 2)", channels: ["chat", "jobs"],
                userAgent: number == 0 ? #"Mozilla "5.0" \ ☕"# : nil)
            let (registered, displaced) = try await session.register(stream, at: node)
            #expect(displaced.isEmpty)
            #expect(registered.connectedAt > expected.last?.connectedAt ?? 0)
            expected.append(registered)
        }
        #expect(try await session.streams() == expected)
        // The same one again, as after an answer that was lost: it replaces nobody.
        let (again, displaced) = try await session.register(expected[4])
        #expect(displaced.isEmpty)
        #expect(again.connectedAt > expected[4].connectedAt)
        #expect(try await session.streams() == expected.dropLast() + [again])
    }

    func replaces(_ session: CoordinationSession) async throws {
        let (old, _) = try await session.register(session.stream("i1", on: "a"))
        let (bystander, _) = try await session.register(session.stream("i2", on: "a"))
        let (new, displaced) = try await session.register(session.stream("i1", on: "b"), at: session.other)
        #expect(displaced == [Displacement(id: old.id, node: "a", reason: .replaced)])
        #expect(try await session.streams() == [bystander, new])
    }

    func evicts(_ session: CoordinationSession) async throws {
        var streams: [RegisteredStream] = []
        for number in 0..<3 {
            streams.append(try await session.register(session.stream(on: "n\(number)"), limit: 3).stream)
        }
        // When its node refreshed it says nothing of a stream that is alive: each node has its turn.
        #expect(try await session.refresh([streams[0]], limit: 3).isEmpty)
        let (new, displaced) = try await session.register(session.stream(), limit: 3)
        #expect(displaced == [Displacement(id: streams[0].id, node: "n0", reason: .evicted)])
        #expect(try await session.streams().map(\.id) == [streams[1].id, streams[2].id, new.id])
        // Another node may have been given a lower limit.
        let (last, more) = try await session.register(session.stream(), limit: 2, at: session.other)
        #expect(more.map(\.id) == [streams[1].id, streams[2].id])
        #expect(try await session.streams() == [new, last])
        let (_, none) = try await session.register(session.stream(), limit: nil)
        #expect(none.isEmpty)
    }

    func evictsTheSilent(_ session: CoordinationSession) async throws {
        let (oldest, _) = try await session.register(session.stream(), limit: 3)
        let (silent, _) = try await session.register(session.stream(on: "dead"), limit: 3)
        let (third, _) = try await session.register(session.stream(), limit: 3)
        try await session.eventually("one has missed a refresh") {
            _ = try await session.refresh([oldest, third], limit: 3)
            guard let heard = try await session.streams().first?.refreshedAt else { return false }
            return heard - silent.refreshedAt > 2_000_000
        }
        let (new, displaced) = try await session.register(session.stream(), limit: 3)
        #expect(displaced == [Displacement(id: silent.id, node: "dead", reason: .evicted)])
        #expect(try await session.streams().map(\.id) == [oldest.id, third.id, new.id])
    }

    func neverEvictsItself(_ session: CoordinationSession) async throws {
        let (first, _) = try await session.register(session.stream(), limit: 0)
        let (second, displaced) = try await session.register(session.stream("i1"), limit: 0)
        #expect(displaced.map(\.id) == [first.id])
        let (third, replaced) = try await session.register(session.stream("i1"), limit: 1)
        #expect(replaced == [Displacement(id: second.id, node: "a", reason: .replaced)])
        #expect(try await session.streams() == [third])
    }

    func rejects(_ session: CoordinationSession) async throws {
        let (first, _) = try await session.register(session.stream("i1"), limit: 2, .reject)
        let (second, _) = try await session.register(session.stream("i2", on: "b"), limit: 2, .reject)
        let limit = StreamLimit(maximum: 2, policy: .reject)
        for instance in [nil, "i3"] {
            let refused = try await session.one.register(session.stream(instance), limit: limit).get()
            #expect(refused == .rejected(current: 2))
        }
        #expect(try await session.streams() == [first, second])
        let (third, displaced) = try await session.register(session.stream("i1"), limit: 2, .reject)
        #expect(displaced == [Displacement(id: first.id, node: "a", reason: .replaced)])
        // A limit that was lowered holds for the one that replaces, too.
        let lower = StreamLimit(maximum: 1, policy: .reject)
        #expect(try await session.one.register(session.stream("i2"), limit: lower).get() == .rejected(current: 2))
        #expect(try await session.streams() == [second, third])
        try await session.one.remove([StreamEntry(owner: session.owner, id: third.id)]).get()
        let (fourth, none) = try await session.register(session.stream("i3"), limit: 2, .reject)
        #expect(none.isEmpty)
        #expect(try await session.streams() == [second, fourth])
    }

    func expires(_ session: CoordinationSession) async throws {
        let (old, _) = try await session.register(session.stream("i1"), limit: 1)
        try await session.eventually("it has expired") { try await session.streams().isEmpty }
        // Neither too many nor replaced.
        let (new, displaced) = try await session.register(session.stream("i1"), limit: 1)
        #expect(displaced.isEmpty)
        #expect(try await session.streams().map(\.id).contains(old.id) == false)
        try await session.eventually("this one, too") { try await session.streams().isEmpty }
        try await session.one.sweep([session.owner]).get()
        #expect(try await session.refresh([new]).isEmpty)
    }

    func refreshes(_ session: CoordinationSession) async throws {
        var (stream, _) = try await session.register(session.stream("i1"))
        stream.channels = ["chat", "presence"]
        #expect(try await session.refresh([stream]).isEmpty)
        let found = try #require(try await session.streams().first)
        #expect(found.refreshedAt >= stream.refreshedAt)
        stream.refreshedAt = found.refreshedAt
        #expect(found == stream)
        // Whatever its node thinks of when it connected: the registry knows.
        var wrong = stream
        wrong.connectedAt = 17
        #expect(try await session.refresh([wrong]).isEmpty)
        #expect(try await session.streams().first?.connectedAt == stream.connectedAt)
        #expect(try await session.one.refresh([]).get().isEmpty)
    }

    func removes(_ session: CoordinationSession) async throws {
        let (first, _) = try await session.register(session.stream("i1"))
        let (second, _) = try await session.register(session.stream("i2"))
        let nobody = StreamEntry(owner: session.owner, id: ConnectionID())
        try await session.other.remove([StreamEntry(owner: session.owner, id: first.id), nobody]).get()
        #expect(try await session.streams() == [second])
        let (third, displaced) = try await session.register(session.stream("i1"))
        #expect(displaced.isEmpty)
        try await session.one.remove([second, third].map { StreamEntry(owner: session.owner, id: $0.id) }).get()
        #expect(try await session.streams().isEmpty)
        try await session.one.remove([nobody]).get()
        try await session.one.remove([]).get()
    }

    func removesReplaced(_ session: CoordinationSession) async throws {
        let (old, _) = try await session.register(session.stream("i1"))
        let (new, _) = try await session.register(session.stream("i1"))
        try await session.one.remove([StreamEntry(owner: session.owner, id: old.id)]).get()
        #expect(try await session.streams() == [new])
        let (_, displaced) = try await session.register(session.stream("i1"))
        #expect(displaced.map(\.id) == [new.id])
    }

    func separatesOwners(_ session: CoordinationSession) async throws {
        let names = [
            ("auth0|5f", "p1"), ("a+b@c.de", "p1"), ("{x}", "p1"), ("x", "p1"), ("%7Bx%7D", "p1"), ("a:b", "c"),
            ("a", "b:c"),
            ("a%3Ab", "c"), ("a", "c"), ("日本", "p1"), ("a b", "p1"), (#"""#, "p1"), ("u1", "p1"), ("u1", "p2"),
        ]
        var streams: [RegisteredStream] = []
        for (user, project) in names {
            let owner = StreamOwner(user: try UserID(user), project: try ProjectID(project))
            let (stream, displaced) = try await session.register(
                session.stream("i1", of: owner, userAgent: user), limit: 1)
            #expect(displaced.isEmpty, "\(owner)")
            streams.append(stream)
        }
        for stream in streams { #expect(try await session.streams(of: stream.owner) == [stream]) }
        #expect(try await session.refresh(streams, limit: 1).isEmpty)
        try await session.one.sweep(streams.map(\.owner)).get()
        for stream in streams { #expect(try await session.streams(of: stream.owner).map(\.id) == [stream.id]) }
        try await session.one.remove(streams.map { StreamEntry(owner: $0.owner, id: $0.id) }).get()
        for stream in streams { #expect(try await session.streams(of: stream.owner).isEmpty) }
    }
}
