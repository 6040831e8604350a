import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

@Suite struct RedisCoordinationTests {
    @Test func `after two hundred reconnects, the keys are exactly the last stream's`() async throws {
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server) { harness in
                var last = try harness.stream("i1")
                for number in 0..<200 {
                    last = try harness.stream("i1")
                    _ = try await harness.nodes[number % 2].register(last, limit: StreamLimit(maximum: 5)).get()
                }
                let base = "tributary:{auth0|%7B5%3Af%7D:p1}"
                #expect(
                    try await harness.keys() == [
                        "\(base):instances", "\(base):streaminstances", "\(base):streammeta", "\(base):streams",
                    ])
                #expect(
                    try await harness.client.send("ZRANGE", "\(base):streams", "0", "-1").array?.compactMap(\.string)
                        == [last.id.description])
                #expect(try await harness.integer("HLEN", "\(base):streammeta") == 1)
                #expect(
                    try await harness.client.send("HGETALL", "\(base):instances").array?.compactMap(\.string)
                        == ["i1", last.id.description])
                #expect(
                    try await harness.client.send("HGETALL", "\(base):streaminstances").array?.compactMap(\.string)
                        == [last.id.description, "i1"])
                let meta = try await harness.client.send("HGET", "\(base):streammeta", .string(last.id.description))
                    .string
                #expect(meta?.hasSuffix(#","node":"a","channels":["chat","jobs"],"user_agent":"x/1"}"#) == true)
                for key in try await harness.keys() {
                    let life = try #require(try await harness.integer("PTTL", .string(key)))
                    #expect((30_000...60_000).contains(life))
                }
                try await harness.one.remove([StreamEntry(owner: harness.owner, id: last.id)]).get()
                #expect(try await harness.keys().isEmpty)
            }
        }
    }

    @Test func `nothing is left after thousands of opens and closes`() async throws {
        var times = CoordinationTimes()
        times.offlineGrace = 50
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server, times: times) { harness in
                let project = harness.owner.project
                for round in 0..<10 {
                    let streams = try (0..<400).map { number in
                        let owner = StreamOwner(user: try UserID("u\(number % 80)"), project: project)
                        return try harness.stream(number % 3 == 0 ? "i\(number % 7)" : nil, of: owner)
                    }
                    let node = harness.nodes[round % 2]
                    for result in streams.map({ node.register($0, limit: StreamLimit(maximum: 3)) }) {
                        _ = try await result.get()
                    }
                    let users = try (0..<80).map { try harness.user("u\($0)") }
                    _ = try await node.join(users, of: project, on: "n\(round % 2)").get()
                    _ = try await node.refresh(
                        streams.suffix(80).map {
                            OpenStreams(owner: $0.owner, limit: StreamLimit(maximum: 3), streams: [$0])
                        }
                    ).get()
                    try await harness.nodes[(round + 1) % 2].remove(
                        streams.map { StreamEntry(owner: $0.owner, id: $0.id) }
                    ).get()
                    _ = try await node.leave(users.map(\.id), of: project, on: "n\(round % 2)").get()
                }
                try await eventually("nothing is left") {
                    try await harness.one.sweep([project]).get()
                    return try await harness.keys().isEmpty
                }
            }
        }
    }

    @Test func `a key of the wrong type costs its own user's streams, and nobody else's`() async throws {
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server) { harness in
                // More than go out together.
                let streams = try (0..<600).map { number in
                    try harness.stream(of: StreamOwner(user: try UserID("u\(number)"), project: harness.owner.project))
                }
                try await server.cli("SET", "tributary:{u0:p1}:streams", "nonsense")
                let open = streams.map { OpenStreams(owner: $0.owner, limit: StreamLimit(maximum: 5), streams: [$0]) }
                let failure = await #expect(throws: CoordinationError.self) {
                    try await harness.one.refresh(open).get()
                }
                guard case .refused? = failure else {
                    Issue.record("not refused: \(failure as Any)")
                    return
                }
                for stream in streams.dropFirst() {
                    #expect(try await harness.other.streams(of: stream.owner).get().map(\.id) == [stream.id])
                }
            }
        }
    }

    @Test func `whatever nobody looks after expires`() async throws {
        var times = CoordinationTimes()
        (times.stream, times.presence, times.nodeMemory) = (300, 200, 300)
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server, times: times) { harness in
                _ = try await harness.one.register(harness.stream("i1"), limit: StreamLimit(maximum: 5)).get()
                _ = try await harness.one.join([harness.user("u1")], of: harness.owner.project, on: "a").get()
                _ = try await harness.one.beat("a", figures: ByteBuffer(string: "{}")).get()
                try await eventually("nothing is left") { try await harness.keys().isEmpty }
            }
        }
    }

    @Test func `scripts that Redis forgets are sent again`() async throws {
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server) { harness in
                let project = harness.owner.project
                for _ in 0..<3 {
                    try await server.cli("SCRIPT", "FLUSH")
                    let stream = try harness.stream("i1")
                    // A pipeline of the same script.
                    for result in (0..<20).map({ _ in harness.one.register(stream, limit: StreamLimit(maximum: 5)) }) {
                        _ = try await result.get()
                    }
                    try await server.cli("SCRIPT", "FLUSH")
                    #expect(try await harness.other.streams(of: harness.owner).get().map(\.id) == [stream.id])
                    _ = try await harness.one.join([harness.user("u1")], of: project, on: "a").get()
                    #expect(try await harness.other.members(of: project).get().count == 1)
                }
                let statistics = try await server.cli("INFO", "commandstats")
                #expect(statistics.contains("cmdstat_evalsha"))
            }
        }
    }

    @Test func `whoever may not load scripts sends them each time`() async throws {
        let user = "user app on >secret ~* &* +@all -script"
        try await RedisServer.withServer(.init(configuration: [user])) { server in
            let url = "redis://app:secret@127.0.0.1:\(server.port)"
            try await CoordinationHarness.withNodes(server, url: url) { harness in
                let stream = try harness.stream("i1")
                _ = try await harness.one.register(stream, limit: StreamLimit(maximum: 5)).get()
                #expect(try await harness.other.streams(of: harness.owner).get().map(\.id) == [stream.id])
            }
        }
    }

    @Test func `a Redis that refuses to publish refuses presence as a whole`() async throws {
        let user = "user app on >secret ~* resetchannels +@all"
        try await RedisServer.withServer(.init(configuration: [user])) { server in
            let url = "redis://app:secret@127.0.0.1:\(server.port)"
            try await CoordinationHarness.withNodes(server, url: url) { harness in
                let failure = await #expect(throws: CoordinationError.self) {
                    try await harness.one.join([harness.user("u1")], of: harness.owner.project, on: "a").get()
                }
                guard case .refused? = failure else {
                    Issue.record("not refused: \(failure as Any)")
                    return
                }
                let keys = try await harness.keys()
                #expect(keys.isEmpty)
            }
        }
    }

    @Test func `never are there more streams in Redis than the limit says`() async throws {
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server) { harness in
                let isDone = NIOLockedValueBox(false)
                let key = "tributary:{auth0|%7B5%3Af%7D:p1}:streams"
                async let highest = {
                    var highest: Int64 = 0
                    while !isDone.withLockedValue({ $0 }), !Task.isCancelled {
                        highest = max(highest, try await harness.integer("ZCARD", .string(key)) ?? .max)
                    }
                    return highest
                }()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<50 {
                        group.addTask {
                            for round in 0..<10 {
                                let stream = try harness.stream(round % 2 == 0 ? "i\(number)" : nil)
                                let node = harness.nodes[number % 2]
                                _ = try await node.register(stream, limit: StreamLimit(maximum: 5)).get()
                                let open = OpenStreams(
                                    owner: harness.owner, limit: StreamLimit(maximum: 5), streams: [stream])
                                if round % 3 == 0 { _ = try await node.refresh([open]).get() }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                isDone.withLockedValue { $0 = true }
                #expect(try await highest == 5)
            }
        }
    }

    @Test func `while Redis is away calls fail at once, and a refresh brings everything back`() async throws {
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server) { harness in
                var stream = try harness.stream("i1")
                guard
                    case .accepted(let connectedAt, _) = try await harness.one.register(
                        stream, limit: StreamLimit(maximum: 5)
                    ).get()
                else { throw CancellationError() }
                stream.connectedAt = connectedAt
                server.kill()
                try await eventually("it is noticed") {
                    do {
                        _ = try await harness.one.streams(of: harness.owner).get()
                        return false
                    } catch CoordinationError.unavailable { return true }
                }
                let open = OpenStreams(owner: harness.owner, limit: StreamLimit(maximum: 5), streams: [stream])
                await #expect(throws: CoordinationError.self) { try await harness.one.refresh([open]).get() }
                await #expect(throws: CoordinationError.self) {
                    try await harness.one.members(of: harness.owner.project).get()
                }
                try await server.start()
                try await harness.awaitAvailable()
                #expect(try await harness.one.refresh([open]).get().isEmpty)
                #expect(try await harness.other.streams(of: harness.owner).get().map(\.connectedAt) == [connectedAt])
            }
        }
    }

    @Test func `a Redis that hangs is given up, and used again when it answers`() async throws {
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server, commandTimeoutMilliseconds: 500) { harness in
                server.pause()
                let calls = try (0..<10).map { _ in
                    try harness.one.register(harness.stream(), limit: StreamLimit(maximum: 5))
                }
                for call in calls {
                    let failure = await #expect(throws: CoordinationError.self) { try await call.get() }
                    guard case .unavailable? = failure else {
                        Issue.record("not unavailable: \(failure as Any)")
                        continue
                    }
                }
                server.resume()
                try await harness.awaitAvailable()
            }
        }
    }

    @Test func `what was never started fails, and what has ended, too`() async throws {
        let configuration = RedisCoordination.Configuration(redis: RedisConfiguration(address: .unix(path: "/nowhere")))
        let coordination = try RedisCoordination(configuration)
        let owner = StreamOwner(user: try UserID("u1"), project: .default)
        await #expect(throws: CoordinationError.self) { try await coordination.streams(of: owner).get() }
        let task = Task { try await coordination.run() }
        task.cancel()
        try await task.value
        await #expect(throws: CoordinationError.self) { try await coordination.sweep([owner]).get() }
    }

    /// The same calls, without waiting for anything to expire.
    @Test(arguments: 0..<5) func `Redis decides as memory does`(_ seed: Int) async throws {
        try await RedisServer.withServer { server in
            try await CoordinationHarness.withNodes(server) { harness in
                var generator = SeededGenerator(seed: UInt64(seed))
                let memory = MemoryCoordination(eventLoop: harness.one.eventLoop) { _, _ in }
                let policy: StreamLimit.Policy = seed == 3 ? .reject : .evict
                // The same stream, with the time that each of the two gave it.
                var known: [(redis: RegisteredStream, memory: RegisteredStream)] = []
                for step in 0..<300 {
                    let limit = StreamLimit(maximum: Int.random(in: 2...4, using: &generator), policy: policy)
                    switch Int.random(in: 0..<6, using: &generator) {
                    case 0...2:
                        let instance = Bool.random(using: &generator) ? "i\(step % 4)" : nil
                        var streams = (redis: try harness.stream(instance), memory: try harness.stream(instance))
                        streams.memory = streams.redis
                        let outcomes = (
                            try await harness.one.register(streams.redis, limit: limit).get(),
                            try await memory.register(streams.memory, limit: limit).get()
                        )
                        switch outcomes {
                        case (.accepted(let redis, let left), .accepted(let memory, let leftInMemory)):
                            #expect(left == leftInMemory)
                            (streams.redis.connectedAt, streams.memory.connectedAt) = (redis, memory)
                            known.append(streams)
                        default: #expect(outcomes.0 == outcomes.1)
                        }
                    case 3, 4:
                        let some = known.shuffled(using: &generator).prefix(4)
                        func open(_ streams: [RegisteredStream]) -> [OpenStreams] {
                            [OpenStreams(owner: harness.owner, limit: limit, streams: streams)]
                        }
                        let left = try await harness.other.refresh(open(some.map(\.redis))).get()
                        #expect(try await memory.refresh(open(some.map(\.memory))).get() == left)
                    default:
                        guard let gone = known.randomElement(using: &generator)?.redis.id else { continue }
                        try await harness.one.remove([StreamEntry(owner: harness.owner, id: gone)]).get()
                        try await memory.remove([StreamEntry(owner: harness.owner, id: gone)]).get()
                    }
                    let streams = try await harness.other.streams(of: harness.owner).get()
                    #expect(try await memory.streams(of: harness.owner).get().map(\.id) == streams.map(\.id))
                    known = known.suffix(10)
                }
            }
        }
    }
}
