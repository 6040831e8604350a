public import NIOCore
public import TributaryProtocol
import Foundation

/// Sends events to a hub, over HTTP or Redis.
///
/// ```swift
/// let publisher = TributaryPublisher(.http(url))
/// try await publisher.publish(TypingStart(…), to: project)
/// ```
///
/// Without an outbox it retries nothing. Whoever retries names a `clientMessageID`, so that the hub can tell a
/// repetition.
///
/// With an outbox, events that cannot be sent because the hub or Redis is away wait in memory and are tried again, those
/// of one project and channel one after the other, in the order in which they were published. `publish` still returns
/// when the hub has the event: a call may last as long as the outage does, and holds the event's place in the outbox
/// until then. Cancel its task to take the event back. Each event gets a `clientMessageID` unless it has one, so that a
/// retry of what had arrived after all publishes nothing (the hub remembers it for 24 hours). What the hub refuses is
/// thrown at once. Whoever cannot wait calls `publish` in a task of its own.
///
/// ```swift
/// let publisher = TributaryPublisher(.http(url), outbox: .standard)
/// try await publisher.publish(message, to: project)      // also while the hub restarts
/// let left = await publisher.shutdown(within: .seconds(5))
/// ```
///
/// A message's sender gets its own event from the stream. It finds the message that it showed already by
/// ``TributaryProtocol/MessageNew/clientMessageID``, which is in the event's data; the `clientMessageID` of `publish` is
/// for the hub alone, and may be the same.
public struct TributaryPublisher: Sendable {
    private let transport: any PublishTransport
    private let outbox: OutboxSender?

    /// - Parameter outbox: the bounds of a retry buffer in memory; `nil` for none.
    public init(_ transport: some PublishTransport, outbox: OutboxConfiguration? = nil) {
        self.transport = transport
        self.outbox = outbox.map { OutboxSender($0, transport: transport) }
    }

    /// The same for HTTP. Through the other one the compiler (6.3) does not see that a `token` closure is `@Sendable`.
    public init(_ transport: HTTPPublishTransport, outbox: OutboxConfiguration? = nil) {
        self.transport = transport
        self.outbox = outbox.map { OutboxSender($0, transport: transport) }
    }

    /// Publishes an event of the contract.
    ///
    /// - Parameters:
    ///   - event: encoded as JSON; it travels under its type's `eventName`.
    ///   - project: the space that it belongs to.
    ///   - channel: the event's own unless named.
    ///   - id: the publisher's own sequence number, where the publisher and not the hub numbers the project's events.
    ///   - user: the only user who receives it; `nil` for everybody on the channel.
    ///   - clientMessageID: the key by which the hub knows a repetition.
    ///   - trace: the span of yours that publishes; the hub's log and `GET /explain` name it with the event.
    /// - Returns: what the hub assigned.
    /// - Throws: an `EncodingError`, or the transport's error; with an outbox
    ///   ``TributaryClientError/outboxFull(events:bytes:)`` and ``TributaryClientError/publisherClosed`` too.
    @discardableResult
    public func publish<Event: PublishableEvent>(
        _ event: Event,
        to project: ProjectID = .default,
        on channel: TributaryProtocol.Channel? = nil,
        id: EventID? = nil,
        toUser user: UserID? = nil,
        clientMessageID: String? = nil,
        trace: TraceParent? = nil
    ) async throws -> PublishReceipt {
        try await publish(
            EventName(Event.eventName),
            json: ByteBuffer(bytes: JSONEncoder().encode(event)),
            to: project,
            on: channel ?? Event.channel,
            id: id,
            toUser: user,
            clientMessageID: clientMessageID,
            trace: trace
        )
    }

    /// Publishes an event of any name.
    ///
    /// - Parameters:
    ///   - name: the event's type.
    ///   - json: one JSON value, passed on byte for byte.
    ///   - channel: where it is read.
    ///   - The others: as above.
    /// - Returns: what the hub assigned.
    /// - Throws: ``TributaryClientError/dataIsNoJSON``, or as above.
    @discardableResult
    public func publish(
        _ name: EventName,
        json: ByteBuffer,
        to project: ProjectID = .default,
        on channel: TributaryProtocol.Channel,
        id: EventID? = nil,
        toUser user: UserID? = nil,
        clientMessageID: String? = nil,
        trace: TraceParent? = nil
    ) async throws -> PublishReceipt {
        // Before it is put between other JSON, where it could pass for more than data.
        guard json.withUnsafeReadableBytes(isJSON) else { throw TributaryClientError.dataIsNoJSON }
        let event = TributaryProtocol.Event(
            channel: channel,
            project: project,
            name: name,
            data: json,
            id: id,
            recipient: user,
            clientMessageID: clientMessageID,
            trace: trace
        )
        guard let outbox else { return try await transport.publish(event) }
        return try await outbox.publish(event)
    }

    /// The same from a string of JSON.
    @discardableResult
    public func publish(
        _ name: EventName,
        json: String,
        to project: ProjectID = .default,
        on channel: TributaryProtocol.Channel,
        id: EventID? = nil,
        toUser user: UserID? = nil,
        clientMessageID: String? = nil,
        trace: TraceParent? = nil
    ) async throws -> PublishReceipt {
        try await publish(
            name, json: ByteBuffer(string: json), to: project, on: channel, id: id, toUser: user,
            clientMessageID: clientMessageID, trace: trace
        )
    }

    /// Takes no more events, gives the outbox time to empty, and ends the transport's connections.
    ///
    /// - Parameter limit: how long the outbox may take; without one nothing is waited for.
    /// - Returns: what was left in the outbox, by the order of coming; each `publish` of these throws
    ///   ``TributaryClientError/publisherClosed``. Of one that was on its way nobody knows whether it was published: publish it
    ///   again with its `clientMessageID`.
    @discardableResult
    public func shutdown(within limit: Duration = .seconds(5)) async -> [TributaryProtocol.Event] {
        let left = await outbox?.close(within: limit) ?? []
        await transport.shutdown()
        return left
    }
}
