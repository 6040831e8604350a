import NIOConcurrencyHelpers
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributarySQLite

@Suite struct SQLiteEventLogContractTests {
    @Test(arguments: EventLogContract.Case.cases(clock: true, wipe: false))
    func `the log in a file keeps the log's contract`(_ promise: EventLogContract.Case) async throws {
        let contract = EventLogContract { body in
            let file = try TemporaryFile()
            defer { file.remove() }
            let relay = MemoryRelay(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
            let time = NIOLockedValueBox<UInt64?>(nil)
            let living = NIOLockedValueBox<Set<String>>([])
            let log = try SQLiteEventLog(
                path: file.path, catalog: EventLogContract.catalog, relay: relay, logger: .silent,
                clock: { time.withLockedValue { $0 } ?? Instant.microseconds },
                isAlive: { name in living.withLockedValue { $0.contains(name) } }
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
                    setTime: { now in time.withLockedValue { $0 = now } }
                )
            )
        }
        try await contract.check(promise)
    }

    /// All but those in which somebody listens for longer than a process lives, or several do things at once, or that ask what
    /// nobody needs a file to remember.
    static let casesAcrossRestarts = EventLogContract.Case.cases(clock: true, wipe: false).filter { promise in
        switch promise {
        case .marksLapses, .marksNoLapseOfWhatItWrote, .noticesTheDead, .concurrent, .deduplicatesInParallel,
            .recordsInParallel:
            false
        default: true
        }
    }

    @Test(arguments: casesAcrossRestarts)
    func `a log that is killed again and again keeps the log's contract`(
        _ promise: EventLogContract.Case
    ) async throws {
        let contract = EventLogContract { body in
            let relay = MemoryRelay(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
            let time = NIOLockedValueBox<UInt64?>(nil)
            let log = try RestartingLog(relay: relay) { time.withLockedValue { $0 } ?? Instant.microseconds }
            do {
                try await body(
                    EventLogContract.Fixture(
                        log: log, relay: relay, listener: { .init(name: "listener") {} },
                        setTime: { now in time.withLockedValue { $0 = now } }
                    )
                )
            } catch {
                await log.close()
                throw error
            }
            await log.close()
        }
        try await contract.check(promise)
    }
}
