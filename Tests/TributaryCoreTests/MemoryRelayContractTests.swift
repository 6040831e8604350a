import Dispatch
import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@Suite struct MemoryRelayContractTests {
    @Test(arguments: RelayContract.Case.allCases)
    func `the memory relay keeps the relay's contract`(_ promise: RelayContract.Case) async throws {
        let contract = RelayContract { body in
            let relay = MemoryRelay(
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(), node: RelayContract.node)
            try await body(
                RelayContract.Fixture(relay: relay) { payload, topic in try await relay.publish(payload, to: topic) }
            )
        }
        try await contract.check(promise)
    }

    @Test func `publishers that outrun the hub get an error, not its memory`() async throws {
        let relay = MemoryRelay(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let topic = Topic(channel: .chat, project: .default)
        let payload = ByteBuffer(repeating: 0x20, count: 1 << 20)
        // Held up, the loop takes nothing: 64 MiB fit, no more.
        let release = DispatchSemaphore(value: 0)
        let held = relay.eventLoop.submit { _ = release.wait(timeout: .now() + 30) }
        for _ in 0..<64 { try await relay.publish(payload, to: topic) }
        await #expect(throws: RelayError.self) { try await relay.publish(payload, to: topic) }
        release.signal()
        try await held.get()
        // Behind the delivery, which was waiting for the loop.
        try await relay.eventLoop.submit {}.get()
        try await relay.publish(payload, to: topic)
    }
}
