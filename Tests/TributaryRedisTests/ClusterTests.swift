import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryRedis

@Suite struct ClusterTests {
    /// One project in the slots of each master.
    private static let projects = ["p1", "p2", "p3"]

    @Test func `every name of a channel is heard, from wherever it is published`() async throws {
        try await RedisCluster.withCluster { cluster in
            try await FailoverHarness.withHub(cluster.url) { harness in
                let stream = try await harness.open("p1")
                let other = try await harness.open("p2")
                for (index, server) in cluster.servers.enumerated() {
                    try await server.cli("PUBLISH", "chat:p1", #"{"event":"typing.start","data":"plain \#(index)"}"#)
                    try await server.cli("PUBLISH", "chat", #"{"event":"typing.start","data":"all \#(index)"}"#)
                }
                let owner = try await cluster.owner(of: "p1")
                try await owner.cli("SPUBLISH", "chat:{p1}", #"{"event":"typing.start","data":"shard"}"#)
                try await owner.cli("FCALL", "tributary_publish", "1", "{p1}", "chat", "message.new", #""function""#)
                let transport = try RedisPublishTransport(RedisConfiguration(url: cluster.url))
                let receipt = try await transport.publish(
                    Event(
                        channel: .chat, project: ProjectID("p1"), name: EventName("message.new"),
                        data: ByteBuffer(string: #""transport""#)))
                await transport.shutdown()
                let expected =
                    (0..<6).flatMap { [#""plain \#($0)""#, #""all \#($0)""#] } + [
                        #""shard""#, #""function""#, #""transport""#,
                    ]
                try await eventually("all of it") {
                    try await stream.events().filter { $0.event.hasPrefix("typing") || $0.id != nil }.count
                        >= expected.count
                }
                let heard = try await stream.events().filter { $0.event != "connected" }.map(\.data)
                #expect(heard.sorted() == expected.sorted())
                #expect(try await stream.ids().last == receipt.id)
                try await eventually("the broadcasts") { try await other.events().count >= 7 }
                #expect(try await other.events().count == 7)
            }
        }
    }

    @Test func `a master killed under load: what it acknowledged reaches every stream`() async throws {
        try await RedisCluster.withCluster { cluster in
            try await FailoverHarness.withHub(cluster.url) { harness in
                var streams: [String: OpenStream] = [:]
                for project in Self.projects { streams[project] = try await harness.open(project) }
                let victim = try await cluster.owner(of: "p1")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for project in Self.projects {
                        group.addTask { try await harness.publishThroughTransport(to: project) }
                    }
                    try await eventually("load") {
                        Self.projects.allSatisfy { harness.acknowledgedCount($0) > 200 }
                    }
                    victim.kill()
                    // The others' events go on, without a word to their streams.
                    let spared = try #require(Self.projects.dropFirst().first)
                    let count = harness.acknowledgedCount(spared)
                    try await eventually("load elsewhere") { harness.acknowledgedCount(spared) > count + 100 }
                    #expect(!harness.hub.relay.status.isConnected)
                    try await harness.expectComplete(spared, try #require(streams[spared]))
                    let then = harness.acknowledgedCount("p1")
                    try await eventually("load after the failover", seconds: 60) {
                        harness.acknowledgedCount("p1") > then + 200
                    }
                    try await harness.awaitReady()
                    // It comes back as a replica.
                    try await victim.start()
                    try await eventually("more load") { harness.acknowledgedCount("p1") > then + 400 }
                    group.cancelAll()
                    try await group.waitForAll()
                }
                for (project, stream) in streams { try await harness.expectComplete(project, stream) }
                for project in Self.projects { try await harness.expectKept(project) }
            }
        }
    }

    @Test func `a master that hangs is left when a replica has taken its place`() async throws {
        try await RedisCluster.withCluster { cluster in
            try await FailoverHarness.withHub(cluster.url, commandTimeout: 1_000) { harness in
                let stream = try await harness.open("p1")
                let victim = try await cluster.owner(of: "p1")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await harness.publishThroughTransport(to: "p1") }
                    try await eventually("load") { harness.acknowledgedCount("p1") > 100 }
                    victim.pause()
                    let witness = try #require(cluster.servers.first { $0.port != victim.port })
                    try await eventually("another master", seconds: 60) {
                        (try? await cluster.owner(of: "p1", witness: witness)).map { $0.port != victim.port } ?? false
                    }
                    let count = harness.acknowledgedCount("p1")
                    try await eventually("load afterwards", seconds: 60) {
                        harness.acknowledgedCount("p1") > count + 100
                    }
                    try await eventually("the relay has left it") { harness.hub.relay.status.reconnectsTotal > 0 }
                    try await harness.awaitReady()
                    victim.resume()
                    let then = harness.acknowledgedCount("p1")
                    try await eventually("more load") { harness.acknowledgedCount("p1") > then + 100 }
                    group.cancelAll()
                    try await group.waitForAll()
                }
                try await harness.awaitReady()
                try await harness.expectComplete("p1", stream)
                try await harness.expectKept("p1")
            }
        }
    }

    @Test func `slots moved under load lose nothing, and repeat nothing`() async throws {
        try await RedisCluster.withCluster { cluster in
            try await FailoverHarness.withHub(cluster.url) { harness in
                let stream = try await harness.open("p1")
                let spared = try await harness.open("p2")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for project in ["p1", "p2"] {
                        group.addTask { try await harness.publishThroughTransport(to: project) }
                    }
                    let home = try await cluster.owner(of: "p1")
                    for target in cluster.servers[..<3].filter({ $0.port != home.port }) + [home] {
                        let count = harness.acknowledgedCount("p1")
                        try await eventually("load") { harness.acknowledgedCount("p1") > count + 100 }
                        // Longer than the functions' keys take: they are asked for in between.
                        try await cluster.moveSlot(of: "p1", to: target, pause: .milliseconds(30))
                    }
                    let count = harness.acknowledgedCount("p1")
                    try await eventually("load afterwards") { harness.acknowledgedCount("p1") > count + 100 }
                    group.cancelAll()
                    try await group.waitForAll()
                }
                try await harness.awaitReady()
                for (project, stream) in [("p1", stream), ("p2", spared)] {
                    try await harness.expectComplete(project, stream)
                    try await harness.expectKept(project)
                }
            }
        }
    }

    @Test func `a command waits while its slot is moved, and is done once`() async throws {
        try await RedisCluster.withCluster { cluster in
            var configuration = try RedisConfiguration(url: cluster.url)
            // 2,000 commands one by one, beside whatever else the machine does.
            configuration.commandTimeoutMilliseconds = 60_000
            let client = try RedisClient(configuration)
            for n in 0..<50 { _ = try await client.send("RPUSH", "list:{p1}", .integer(n)) }
            let home = try await cluster.owner(of: "p1").port
            let target = try #require(cluster.servers[..<3].first { $0.port != home })
            async let moving: Void = cluster.moveSlot(of: "p1", to: target, pause: .milliseconds(100))
            let answers = (50..<2_000).map { client.send(RedisCommand("RPUSH", "list:{p1}", .integer($0))) }
            for answer in answers { _ = try await answer.get() }
            try await moving
            for n in 2_000..<2_050 { _ = try await client.send("RPUSH", "list:{p1}", .integer(n)) }
            let list = try await client.send("LRANGE", "list:{p1}", "0", "-1")
            #expect(list.array?.compactMap(\.integer) == (0..<2_050).map { Int64($0) })
            await client.shutdown()
        }
    }

    @Test func `what listens to a project is known at its master, and gone with its connection`() async throws {
        try await RedisCluster.withCluster { cluster in
            try await FailoverHarness.withHub(cluster.url) { harness in
                _ = try await harness.open("p1")
                let session = harness.hub.relay.session
                let owner = try await cluster.owner(of: "p1")
                let channels = try await owner.cli("PUBSUB", "SHARDCHANNELS").split(separator: "\n").map(String.init)
                #expect(Set(channels) == ["chat:{p1}", "\(session):{p1}"])
                try await owner.cli("CLIENT", "KILL", "TYPE", "pubsub")
                try await eventually("another session") { harness.hub.relay.session != session }
                try await harness.awaitReady()
                try await eventually("the old session is gone") {
                    let channels = try await owner.cli("PUBSUB", "SHARDCHANNELS").split(separator: "\n").map(
                        String.init)
                    return Set(channels) == ["chat:{p1}", "\(harness.hub.relay.session):{p1}"]
                }
            }
        }
    }
}
