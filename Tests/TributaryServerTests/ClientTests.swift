import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryClient
import TributaryCore
import TributaryProtocol
import TributaryTesting

/// The Swift client and publisher against the hub itself.
@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    private func publish(_ server: TestServer, _ number: Int, to user: String? = nil) async throws -> UInt64 {
        let receipt = try await server.hub.publish(
            Event(
                channel: number.isMultiple(of: 3) ? .jobs : .chat, name: EventName("message.new"),
                data: ByteBuffer(string: "\(number)"), recipient: user.map { try UserID($0) }
            )
        )
        return try #require(receipt.id)
    }

    private func url(_ server: TestServer) throws -> String {
        "http://127.0.0.1:\(try #require(server.address.port))"
    }

    @Test func `a client that missed more than is replayed gets all of it in order, while more is published`()
        async throws
    {
        try await TestServer.run { server in
            var ids: [UInt64] = []
            for number in 1...2_500 {
                let id = try await publish(server, number, to: number.isMultiple(of: 5) ? "other" : nil)
                if !number.isMultiple(of: 5) { ids.append(id) }
            }
            let client = try TributaryClient(url: url(server), user: "u1", from: 0)
            let gaps = NIOLockedValueBox(0)
            client.on(Gap.self) { _ in gaps.withLockedValue { $0 += 1 } }
            let replays = client.events(ReplayEnd.self)
            let events = client.allEvents
            let run = client.start()
            for number in 2_501...3_001 where !number.isMultiple(of: 5) {
                ids.append(try await publish(server, number))
            }
            var received: [UInt64] = []
            for try await event in events {
                if let id = event.id.flatMap({ UInt64($0) }) { received.append(id) }
                if received.count >= ids.count { break }
            }
            #expect(received == ids)
            for try await replay in replays {
                #expect(replay.more && replay.replayed == 200)
                break
            }
            client.close()
            try await run.value
            #expect(gaps.withLockedValue { $0 } == 0 && client.cursor == ids.last)
        }
    }

    @Test func `a sender finds its own message in the stream by client_msg_id, once`() async throws {
        try await TestServer.run { server in
            let client = try TributaryClient(url: url(server), channels: [.chat], user: "ada", from: 0)
            let messages = client.events(MessageNew.self)
            let run = client.start()
            let publisher = TributaryPublisher(.http(try #require(URL(string: url(server)))), outbox: .standard)
            // What the program shows at once, before the hub knows of it.
            var pending = ["k1": "hello", "k2": "world"]
            for (key, text) in pending.sorted(by: { $0.key < $1.key }) {
                let message = MessageNew(
                    messageID: "m-\(key)", clientMessageID: key, projectID: "default", userID: "ada",
                    content: .init(text: text), timestamp: "2026-01-01T00:00:00Z"
                )
                let receipt = try await publisher.publish(message, clientMessageID: key)
                let again = try await publisher.publish(message, clientMessageID: key)
                #expect(!receipt.duplicate && again == PublishReceipt(id: receipt.id, duplicate: true))
            }
            var confirmed: [String] = []
            for try await message in messages {
                let key = try #require(message.clientMessageID)
                #expect(pending.removeValue(forKey: key) == message.content.text)
                confirmed.append(key)
                if pending.isEmpty { break }
            }
            #expect(confirmed == ["k1", "k2"])
            #expect(await publisher.shutdown().isEmpty)
            client.close()
            try await run.value
        }
    }

    @Test func `a client that is refused waits as long as the hub says`() async throws {
        try await TestServer.run(hub: {
            $0.streamLimit = StreamLimit(maximum: 1, policy: .reject)
            $0.maximumStreams = 2
        }) { server in
            let first = try await server.stream("user_id=ada&channels=chat")
            let limited = try TributaryClient(url: url(server), channels: [.chat], user: "ada")
            let status = try await waiting(limited)
            guard case .limited(let wait) = status else {
                Issue.record("\(status)")
                return
            }
            #expect(wait >= .seconds(30) && wait <= .seconds(60))

            let second = try await server.stream("user_id=bob&channels=chat")
            let full = try await waiting(TributaryClient(url: url(server), channels: [.chat], user: "eve"))
            guard case .reconnecting(attempt: 1, let after) = full else {
                Issue.record("\(full)")
                return
            }
            #expect(after >= .seconds(1) && after <= .seconds(5))
            await first.close()
            await second.close()
        }
    }

    @Test func `a client that is evicted waits as long as the hub says`() async throws {
        try await TestServer.run(hub: { $0.streamLimit = StreamLimit(maximum: 1) }) { server in
            let client = try TributaryClient(url: url(server), channels: [.chat], user: "ada")
            let statuses = client.statuses
            let run = client.start()
            for await status in statuses where status == .connected { break }
            try await server.figures { $0.streams.open == 1 }
            let other = try await server.stream("user_id=ada&channels=chat")
            for await status in client.statuses {
                guard case .reconnecting(_, let after) = status else { continue }
                #expect(after >= .seconds(30) && after <= .seconds(60))
                break
            }
            client.close()
            try await run.value
            await other.close()
        }
    }

    /// How a client stands once it waits for its next attempt.
    private func waiting(_ client: TributaryClient) async throws -> ConnectionStatus {
        let statuses = client.statuses
        let run = client.start()
        var last = ConnectionStatus.disconnected
        for await status in statuses {
            last = status
            if case .limited = status { break }
            if case .reconnecting = status { break }
            if case .closed = status { break }
        }
        client.close()
        try await run.value
        return last
    }
}
