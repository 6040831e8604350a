import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryClient
import TributaryProtocol

/// A publisher with an outbox, against transports and hubs that come and go.
@Suite(.timeLimit(.minutes(1))) struct OutboxPublisherTests {
    private static let quick = OutboxConfiguration(base: .milliseconds(2), cap: .milliseconds(10))

    /// Takes events while it is up; what it is asked to do it remembers.
    private final class SwitchableTransport: PublishTransport {
        struct Away: RetryablePublishError { let isWorthRetry = true }
        struct No: Error {}

        private let isUp = NIOLockedValueBox(false)
        let tried = Recorder<Event>()
        let taken = Recorder<Event>()
        let isShutDown = NIOLockedValueBox(false)

        func set(up: Bool) { isUp.withLockedValue { $0 = up } }

        func publish(_ event: Event) async throws -> PublishReceipt {
            tried.append(event)
            if event.name.rawValue == "refused" { throw No() }
            guard isUp.withLockedValue({ $0 }) else { throw Away() }
            // Whatever comes behind could overtake here.
            await Task.yield()
            taken.append(event)
            return PublishReceipt(id: UInt64(taken.values.count), duplicate: false)
        }

        func shutdown() async { isShutDown.withLockedValue { $0 = true } }
    }

    private func texts(_ events: [Event]) -> [String] { events.map { String(buffer: $0.data) } }

    private func until(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while !condition() {
            try #require(ContinuousClock.now < deadline)
            await Task.yield()
        }
    }

    @Test func `events of an outage are published once each, and their calls return then`() async throws {
        let transport = SwitchableTransport()
        let publisher = TributaryPublisher(transport, outbox: Self.quick)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...50 {
                let channel: TributaryProtocol.Channel = number.isMultiple(of: 2) ? .chat : .jobs
                group.addTask { try await publisher.publish(EventName("x"), json: "\(number)", on: channel) }
                // The order of coming is the order of the calls.
                if number <= 2 { try await until { transport.tried.values.contains { $0.channel == channel } } }
                await Task.yield()
            }
            try await until { transport.tried.values.count >= 10 }
            #expect(transport.taken.values.isEmpty)
            #expect(Set(transport.tried.values.map(\.data)).count == 2)
            transport.set(up: true)
            try await group.waitForAll()
        }
        let taken = transport.taken.values
        #expect(Set(taken.map(\.clientMessageID)).count == 50 && taken.allSatisfy { $0.clientMessageID?.count == 36 })
        // Each retry went under the same key.
        for event in taken {
            #expect(Set(transport.tried.values.filter { $0.data == event.data }.map(\.clientMessageID)).count == 1)
        }
        #expect(await publisher.shutdown().isEmpty)
        #expect(transport.isShutDown.withLockedValue { $0 })
    }

    @Test func `one after the other in a lane`() async throws {
        let transport = SwitchableTransport()
        let publisher = TributaryPublisher(transport, outbox: Self.quick)
        var calls: [Task<PublishReceipt, any Error>] = []
        for number in 1...20 {
            // Immediate: it is in the outbox before the next one.
            calls.append(
                Task.immediate {
                    try await publisher.publish(
                        EventName("x"), json: "\(number)", on: .chat, clientMessageID: "k\(number)")
                }
            )
        }
        try await until { transport.tried.values.count >= 5 }
        #expect(Set(texts(transport.tried.values)) == ["1"])
        transport.set(up: true)
        for (index, call) in calls.enumerated() { #expect(try await call.value.id == UInt64(index + 1)) }
        #expect(texts(transport.taken.values) == (1...20).map(String.init))
        #expect(transport.taken.values.map(\.clientMessageID) == (1...20).map { "k\($0)" })
    }

    @Test func `what is refused is thrown at once, and the next one goes`() async throws {
        let transport = SwitchableTransport()
        transport.set(up: true)
        let publisher = TributaryPublisher(transport, outbox: Self.quick)
        await #expect(throws: SwitchableTransport.No.self) {
            try await publisher.publish(EventName("refused"), json: "1", on: .chat)
        }
        #expect(try await publisher.publish(EventName("x"), json: "2", on: .chat).id == 1)
        #expect(transport.tried.values.count == 2)
    }

    @Test func `a full outbox says so, and takes more when something has left`() async throws {
        let transport = SwitchableTransport()
        var configuration = Self.quick
        configuration.events = 2
        let publisher = TributaryPublisher(transport, outbox: configuration)
        let calls = (1...2).map { number in
            Task.immediate { try await publisher.publish(EventName("x"), json: "\(number)", on: .chat) }
        }
        do {
            try await publisher.publish(EventName("x"), json: "3", on: .jobs)
            Issue.record("taken")
        } catch TributaryClientError.outboxFull(events: 2, bytes: 2) {}
        // Taken back.
        calls[0].cancel()
        await #expect(throws: (any Error).self) { try await calls[0].value }
        let third = Task.immediate { try await publisher.publish(EventName("x"), json: "3", on: .chat) }
        transport.set(up: true)
        _ = try await calls[1].value
        _ = try await third.value
        #expect(texts(transport.taken.values) == ["2", "3"])
    }

    @Test func `shutdown gives the outbox time`() async throws {
        let transport = SwitchableTransport()
        let publisher = TributaryPublisher(transport, outbox: Self.quick)
        let call = Task.immediate { try await publisher.publish(EventName("x"), json: "1", on: .chat) }
        let shutdown = Task.immediate { await publisher.shutdown(within: .seconds(60)) }
        await #expect(throws: TributaryClientError.self) {
            try await publisher.publish(EventName("x"), json: "2", on: .chat)
        }
        transport.set(up: true)
        #expect(await shutdown.value.isEmpty)
        #expect(try await call.value.id == 1)
    }

    @Test func `shutdown names what is left`() async throws {
        let transport = SwitchableTransport()
        let publisher = TributaryPublisher(transport, outbox: Self.quick)
        let calls = (1...3).map { number in
            Task.immediate {
                try await publisher.publish(EventName("x"), json: "\(number)", on: number == 2 ? .jobs : .chat)
            }
        }
        let left = await publisher.shutdown(within: .milliseconds(20))
        #expect(texts(left) == ["1", "2", "3"] && left.allSatisfy { $0.clientMessageID != nil })
        for call in calls {
            do {
                _ = try await call.value
                Issue.record("published")
            } catch TributaryClientError.publisherClosed {}
        }
        #expect(transport.taken.values.isEmpty && transport.isShutDown.withLockedValue { $0 })
    }

    @Test func `without an outbox nothing is retried, and no key is made up`() async throws {
        let transport = SwitchableTransport()
        let publisher = TributaryPublisher(transport)
        await #expect(throws: SwitchableTransport.Away.self) {
            try await publisher.publish(EventName("x"), json: "1", on: .chat)
        }
        #expect(transport.tried.values.map(\.clientMessageID) == [nil])
        #expect(await publisher.shutdown().isEmpty)
    }

    @Test func `over HTTP an outage, a 503 and a broken answer are retried under one key`() async throws {
        let keys = Recorder<String>()
        try await HostileServer.run { connection in
            let body = try JSONDecoder().decode(JSONValue.self, from: Data(connection.request.body.utf8))
            keys.append(body["client_msg_id"]?.string ?? "")
            switch connection.number {
            case 0:
                try await connection.answer(
                    "503 No", headers: ["Retry-After: 0"], body: #"{"error":"relay_unavailable"}"#)
            case 1: break
            case 2: try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
            case 3: try await connection.answer("200 OK", body: #"{"id":132,"duplicate":true}"#)
            default: try await connection.answer("409 No", body: #"{"error":"timeline_owner_mismatch","message":"m"}"#)
            }
        } _: { server in
            let publisher = TributaryPublisher(.http(try #require(URL(string: server.url))), outbox: Self.quick)
            let receipt = try await publisher.publish(EventName("x"), json: "1", on: .chat)
            #expect(receipt == PublishReceipt(id: 132, duplicate: true))
            #expect(keys.values.count == 4 && Set(keys.values).count == 1 && keys.values[0].count == 36)
            await #expect(throws: HTTPRefusal.self) {
                try await publisher.publish(EventName("x"), json: "1", on: .chat)
            }
            #expect(server.requests.count == 5)
        }
    }

    @Test func `a hub that comes back gets what waited`() async throws {
        let port = try await HostileServer.run { _ in
        } _: {
            $0.port
        }
        let publisher = TributaryPublisher(
            .http(try #require(URL(string: "http://127.0.0.1:\(port)"))), outbox: Self.quick
        )
        let call = Task.immediate { try await publisher.publish(EventName("x"), json: "1", on: .chat) }
        try await HostileServer.run(port: port) {
            try await $0.answer("200 OK", body: #"{"id":1,"duplicate":false}"#)
        } _: { _ in
            let receipt = try await call.value
            #expect(receipt.id == 1)
        }
    }
}
