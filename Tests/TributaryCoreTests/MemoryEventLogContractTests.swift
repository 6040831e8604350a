import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@Suite struct MemoryEventLogContractTests {
    @Test(arguments: EventLogContract.Case.allCases)
    func `the memory log keeps the log's contract`(_ promise: EventLogContract.Case) async throws {
        let contract = EventLogContract { body in
            let relay = MemoryRelay(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
            let time = NIOLockedValueBox<UInt64?>(nil)
            let living = NIOLockedValueBox<Set<String>>([])
            let log = MemoryEventLog(
                catalog: EventLogContract.catalog, eventLoop: relay.eventLoop,
                clock: { time.withLockedValue { $0 } ?? Instant.microseconds },
                isAlive: { name in living.withLockedValue { $0.contains(name) } },
                send: { try relay.send($0, to: $1) }
            )
            try await body(
                EventLogContract.Fixture(
                    log: log, relay: relay,
                    listener: {
                        let name = living.withLockedValue { living in
                            let name = "listener \(living.count)"
                            living.insert(name)
                            return name
                        }
                        return .init(name: name) { living.withLockedValue { _ = $0.remove(name) } }
                    },
                    setTime: { now in time.withLockedValue { $0 = now } },
                    wipe: { log.removeAll() }
                )
            )
        }
        try await contract.check(promise)
    }
}
