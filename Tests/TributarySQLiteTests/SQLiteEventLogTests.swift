import Foundation
import GRDB
import NIOConcurrencyHelpers
import struct NIOCore.ByteBuffer
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributarySQLite

/// What the log in a file does beyond the port.
@Suite struct SQLiteEventLogTests {
    private let relay = MemoryRelay(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    private let time = NIOLockedValueBox<UInt64>(1_000_000_000_000_000)
    private static let day: UInt64 = 24 * 3_600 * 1_000_000

    private func open(_ file: TemporaryFile) throws -> SQLiteEventLog {
        try SQLiteEventLog(
            path: file.path, catalog: EventLogContract.catalog, relay: relay, logger: .silent, marksLapses: false,
            clock: { [time] in time.withLockedValue { $0 } }
        )
    }

    private func event(
        _ name: String = "message.new", channel: TributaryProtocol.Channel = .chat, project: String = "p1",
        data: String = "1", id: UInt64? = nil, key: String? = nil
    ) throws -> Event {
        Event(
            channel: channel, project: try ProjectID(project), name: try EventName(name),
            data: ByteBuffer(string: data), id: id.flatMap(EventID.init), clientMessageID: key
        )
    }

    private func rows(_ file: TemporaryFile, _ table: String) throws -> Int {
        let database = try DatabaseQueue(path: file.path)
        defer { try? database.close() }
        return try database.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    @Test func `what was acknowledged to many at once is there after a kill`() async throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let log = try open(file)
        let ids = try await withThrowingTaskGroup(of: UInt64?.self) { group in
            for number in 0..<500 {
                group.addTask { try await log.publish(event(key: "k\(number)")).id }
            }
            return try await group.reduce(into: Set<UInt64?>()) { $0.insert($1) }
        }
        #expect(ids.count == 500)
        let copy = try file.snapshot()
        defer { copy.remove() }
        await log.close()
        let second = try open(copy)
        let page = try await second.read([.chat], of: try ProjectID("p1"), after: .id(0), limit: 1_000).get()
        #expect(Set(page.entries.map { Optional($0.id.rawValue) }) == ids)
        for number in 0..<500 { #expect(try await second.publish(event(key: "k\(number)")).duplicate) }
        await second.close()
    }

    @Test func `keys with a NUL in them are two keys`() async throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let log = try open(file)
        _ = try await log.publish(event(key: "a\0b"))
        await log.close()
        let second = try open(file)
        #expect(try await second.publish(event(key: "a")).duplicate == false)
        #expect(try await second.publish(event(key: "a\0b")).duplicate)
        await second.close()
    }

    @Test func `a full disk refuses, publishes nothing, and is got over`() async throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let log = try open(file)
        let recorder = RelayRecorder(eventLoop: relay.eventLoop)
        relay.attach(recorder)
        let topic = Topic(channel: .chat, project: try ProjectID("p1"))
        try await relay.eventLoop.flatSubmit { relay.subscribe(to: [topic]) }.get()
        let first = try #require(try await log.publish(event()).id)
        try log.limitPages(to: 30)
        let large = "\"" + String(repeating: "x", count: 200_000) + "\""
        do {
            _ = try await log.publish(event(data: large, key: "k"))
            Issue.record("the disk was not full")
        } catch let error as EventLogError {
            guard case .unavailable = error else { throw error }
        }
        #expect(!log.status.isAvailable)
        #expect(log.status.lastError != nil)
        try log.limitPages(to: 100_000)
        let second = try await log.publish(event(data: large, key: "k"))
        #expect(!second.duplicate)
        #expect(log.status.isAvailable)
        let page = try await log.read([.chat], of: try ProjectID("p1"), after: .id(0), limit: 10).get()
        #expect(page.entries.map { Optional($0.id.rawValue) } == [first, second.id])
        try await recorder.wait(for: "both events") { $0.messageCount >= 2 }
        #expect(recorder.messageCount == 2)
        await log.close()
    }

    @Test func `what has expired leaves the file, of projects that nobody asks for as well`() async throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        var log = try open(file)
        for number in 0..<20 {
            _ = try await log.publish(event(channel: .chat, project: "p\(number)", key: "k"))
            _ = try await log.publish(event("typing.start", project: "q\(number)", key: "k"))
        }
        await log.close()
        #expect(try rows(file, "event") == 20)
        #expect(try rows(file, "message") == 40)
        #expect(try rows(file, "project") == 40)
        log = try open(file)
        time.withLockedValue { $0 += Self.day }
        await log.sweepNow()
        time.withLockedValue { $0 += 7 * Self.day }
        // Some at a time.
        for _ in 0..<5 { await log.sweepNow() }
        await log.close()
        #expect(try rows(file, "event") == 0)
        #expect(try rows(file, "message") == 0)
        // What is left says up to where events are gone.
        #expect(try rows(file, "project") == 20)
        log = try open(file)
        let page = try await log.read([.chat], of: try ProjectID("p3"), after: .id(0), limit: 10).get()
        #expect(page.state.channels[.chat]?.floor != nil)
        time.withLockedValue { $0 += 7 * Self.day }
        for _ in 0..<5 { await log.sweepNow() }
        await log.close()
        #expect(try rows(file, "project") == 0)
        #expect(try rows(file, "channel") == 0)
    }

    @Test func `trimmed events leave the file`() async throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let log = try open(file)
        let few = try #require(EventLogContract.catalog.channels.first { $0.name == "few" })
        for _ in 0..<200 { _ = try await log.publish(event(channel: few)) }
        await log.close()
        #expect(try rows(file, "event") == 10)
    }

    @Test func `projects that nobody asks for leave the memory, and are there when somebody does`() async throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let log = try open(file)
        for number in 0..<10 { _ = try await log.publish(event(project: "p\(number)")) }
        _ = try await log.listen(to: [.chat], of: try ProjectID("p1"), as: "n1").get()
        #expect(await log.projectCount() == 10)
        time.withLockedValue { $0 += 600 * 1_000_000 }
        await log.sweepNow()
        #expect(await log.projectCount() == 1)
        let page = try await log.read([.chat], of: try ProjectID("p7"), after: .id(0), limit: 10).get()
        #expect(page.entries.count == 1)
        await log.close()
    }

    @Test func `a log that has ended refuses, and its file is free`() async throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let log = try open(file)
        let run = Task { try await log.run() }
        _ = try await log.publish(event())
        run.cancel()
        try await run.value
        await #expect(throws: EventLogError.self) { try await log.publish(event()) }
        await #expect(throws: EventLogError.self) {
            try await log.read([.chat], of: .default, after: .id(0), limit: 1).get()
        }
        let second = try open(file)
        #expect(try await second.publish(event()).duplicate == false)
        await second.close()
    }
}

extension SQLiteEventLog {
    /// Sweeps, and awaits it.
    fileprivate func sweepNow() async {
        sweep()
        _ = await projectCount()
    }

    /// Lets the file grow to so many pages of 4 KiB at most, as a disk that is full would.
    fileprivate func limitPages(to count: Int) throws {
        try file.transaction { db in _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(count)") }
    }
}
