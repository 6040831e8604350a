import struct NIOCore.ByteBuffer
import ServiceLifecycle
import Testing
import TributaryCore
import TributaryProtocol

/// A running log with whoever hears what it publishes, for ``EventLogContract``.
struct EventLogSession: Sendable {
    let fixture: EventLogContract.Fixture
    let recorder: RelayRecorder
    let project: ProjectID

    var log: any EventLog { fixture.log }

    /// What the relay brought.
    struct Heard: Sendable {
        var topic: Topic
        var bytes: ByteBuffer
        var envelope: Envelope
    }

    init(_ fixture: EventLogContract.Fixture) throws {
        self.fixture = fixture
        recorder = RelayRecorder(eventLoop: fixture.relay.eventLoop)
        project = try ProjectID("p1")
    }

    /// Runs log and relay around `body`; returns when their `run()` has ended.
    func run(_ body: () async throws -> Void) async throws {
        let relay = fixture.relay
        relay.attach(recorder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await relay.run() }
            group.addTask { try await fixture.log.run() }
            try await recorder.wait(for: "relay and log") { _ in
                relay.status.isConnected && fixture.log.status.isAvailable
            }
            try await relay.eventLoop.flatSubmit { relay.subscribe(to: EventLogContract.topics) }.get()
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// For the cases that need it.
    func setTime(_ microseconds: UInt64) async throws {
        let setTime = try #require(fixture.setTime, "this case needs a clock")
        try await setTime(microseconds)
    }

    // MARK: Publishing

    @discardableResult
    func publish(
        _ channel: Channel, _ name: String = "message.new", data: String = "1", id: UInt64? = nil,
        to user: String? = nil, key: String? = nil, trace: TraceParent? = nil, from sender: String? = nil,
        project: ProjectID? = nil
    ) async throws -> PublishReceipt {
        try await log.publish(
            Event(
                channel: channel, project: project ?? self.project, name: EventName(name),
                data: ByteBuffer(string: data), id: id.flatMap(EventID.init), recipient: user.map { try UserID($0) },
                clientMessageID: key, trace: trace, sender: sender.map { try UserID($0) }
            )
        )
    }

    /// As a publisher does that uses the relay alone.
    func heardEvent(
        _ channel: Channel, _ id: UInt64, envelope: String? = nil
    ) throws -> HeardEvent {
        HeardEvent(
            channel: channel, id: try #require(EventID(id)),
            envelope: ByteBuffer(string: envelope ?? #"{"event":"message.new","id":\#(id),"data":{"n":\#(id)}}"#)
        )
    }

    func record(_ events: HeardEvent...) async throws -> [RecordOutcome] {
        try await log.record(events, of: project).get()
    }

    // MARK: Hearing

    /// Awaits as many messages as are due, and sees to it that there are no more.
    func heard(_ count: Int, location: SourceLocation = #_sourceLocation) async throws -> [Heard] {
        try await recorder.wait(for: "\(count) messages") { $0.messageCount >= count }
        let messages = try recorder.entries.compactMap { entry -> Heard? in
            guard case .received(let bytes, let topic) = entry else { return nil }
            let envelope = try bytes.withUnsafeBytes { bytes in try Envelope.scan(bytes) }
            return Heard(topic: topic, bytes: ByteBuffer(bytes: bytes), envelope: envelope)
        }
        #expect(messages.count == count, sourceLocation: location)
        return messages
    }

    // MARK: Reading

    func read(
        _ channels: [Channel], after cursor: LogCursor = .id(0), limit: Int = 1_000,
        project: ProjectID? = nil
    ) async throws -> LogPage {
        try await log.read(channels, of: project ?? self.project, after: cursor, limit: limit).get()
    }

    /// Every page, each after the one before.
    func readAll(
        _ channels: [Channel] = EventLogContract.catalog.channels, after cursor: LogCursor = .id(0),
        limit: Int = 1_000
    ) async throws -> [LogEntry] {
        var page = try await read(channels, after: cursor, limit: limit)
        var entries = page.entries
        while !page.isLast {
            try #require(!page.entries.isEmpty, "a page is never empty while there are more")
            #expect(page.entries.count <= limit)
            #expect(page.end == page.entries.last?.position)
            page = try await read(channels, after: .position(page.end), limit: limit)
            entries += page.entries
        }
        #expect(page.end == page.state.head)
        return entries
    }

    /// What the log says of itself; of a channel of which there is nothing to say, that.
    func state(_ channel: Channel) async throws -> LogState.ChannelState {
        try await read([channel], after: .id(0), limit: 1).state.channels[channel] ?? LogState.ChannelState()
    }

    /// Everything there is to see of the log, for what must not change it.
    func everything() async throws -> LogPage {
        try await read(EventLogContract.catalog.channels)
    }

    // MARK: Listening

    func listen(
        _ listener: EventLogContract.Listener, to channels: Channel...
    ) async throws -> LogState {
        try await log.listen(to: channels, of: project, as: listener.name).get()
    }

    /// Awaits that the log has taken note: it may do that after the call returned, but before what is asked of it later
    /// by the same way.
    func leave(_ listener: EventLogContract.Listener, _ channels: Channel...) async throws {
        log.leave(channels, of: project, as: listener.name)
        _ = try await log.listen(to: [.brief], of: project, as: listener.name).get()
    }
}
