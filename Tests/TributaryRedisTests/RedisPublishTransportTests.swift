import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

@Suite struct RedisPublishTransportTests {
    private func event(_ name: String = "message.new", id: UInt64? = nil, key: String? = nil) throws -> Event {
        Event(
            channel: .chat, project: try ProjectID("p1"), name: try EventName(name), data: ByteBuffer(string: "1"),
            id: id.flatMap(EventID.init), recipient: try UserID("u1"), clientMessageID: key)
    }

    @Test(arguments: [nil, "staging"])
    func `the receipt has the id and tells duplicates`(_ prefix: String?) async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server, prefix: prefix) { log in
                let transport: RedisPublishTransport = try .redis(server.url, prefix: prefix)
                let first = try await transport.publish(event(key: "k"))
                #expect(first.id != nil && !first.duplicate)
                #expect(try await transport.publish(event(key: "k")) == PublishReceipt(id: first.id, duplicate: true))
                #expect(try await transport.publish(event("typing.start")) == PublishReceipt(id: nil, duplicate: false))
                #expect(try await log.read().entries.map(\.id.rawValue) == [first.id])
                await #expect(throws: RedisError.self) { try await transport.publish(event(id: 4)) }
                await transport.shutdown()
            }
        }
    }

    @Test func `a Redis that no hub has used says so`() async throws {
        try await RedisServer.withServer { server in
            let transport: RedisPublishTransport = try .redis(server.url)
            await #expect(throws: RedisError.libraryMissing) { try await transport.publish(event()) }
            try await LogHarness.withLog(server) { _ in }
            // The hub has gone; its functions have not.
            #expect(try await transport.publish(event()).id != nil)
            await transport.shutdown()
            let other: RedisPublishTransport = try .redis(server.url, prefix: "other")
            await #expect {
                try await other.publish(event())
            } throws: {
                "\($0)".contains("unknown_prefix")
            }
            await other.shutdown()
        }
    }

    @Test func `a user who may not is told what`() async throws {
        let rules = "user app on >pw ~* &* +@all -fcall"
        try await RedisServer.withServer(.init(configuration: [rules])) { server in
            let transport: RedisPublishTransport = try .redis("redis://app:pw@127.0.0.1:\(server.port)")
            await #expect {
                try await transport.publish(event())
            } throws: {
                "\($0)".contains("NOPERM") && "\($0)".contains("fcall")
            }
            await transport.shutdown()
        }
    }
}
