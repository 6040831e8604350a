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
/// It retries nothing. Whoever retries names a `clientMessageID`, so that the hub can tell a repetition.
public struct TributaryPublisher: Sendable {
    private let transport: any PublishTransport

    public init(_ transport: some PublishTransport) {
        self.transport = transport
    }

    /// The same for HTTP. Through the other one the compiler (6.3) does not see that a `token` closure is `@Sendable`.
    public init(_ transport: HTTPPublishTransport) {
        self.transport = transport
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
    /// - Returns: what the hub assigned.
    /// - Throws: an `EncodingError`, or the transport's error.
    @discardableResult
    public func publish<Event: PublishableEvent>(
        _ event: Event,
        to project: ProjectID = .default,
        on channel: TributaryProtocol.Channel? = nil,
        id: EventID? = nil,
        toUser user: UserID? = nil,
        clientMessageID: String? = nil
    ) async throws -> PublishReceipt {
        try await publish(
            EventName(Event.eventName),
            json: ByteBuffer(bytes: JSONEncoder().encode(event)),
            to: project,
            on: channel ?? Event.channel,
            id: id,
            toUser: user,
            clientMessageID: clientMessageID
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
    /// - Throws: ``TributaryClientError/dataIsNoJSON``, or the transport's error.
    @discardableResult
    public func publish(
        _ name: EventName,
        json: ByteBuffer,
        to project: ProjectID = .default,
        on channel: TributaryProtocol.Channel,
        id: EventID? = nil,
        toUser user: UserID? = nil,
        clientMessageID: String? = nil
    ) async throws -> PublishReceipt {
        // Before it is put between other JSON, where it could pass for more than data.
        guard json.withUnsafeReadableBytes(isJSON) else { throw TributaryClientError.dataIsNoJSON }
        return try await transport.publish(
            TributaryProtocol.Event(
                channel: channel,
                project: project,
                name: name,
                data: json,
                id: id,
                recipient: user,
                clientMessageID: clientMessageID
            )
        )
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
        clientMessageID: String? = nil
    ) async throws -> PublishReceipt {
        try await publish(
            name, json: ByteBuffer(string: json), to: project, on: channel, id: id, toUser: user,
            clientMessageID: clientMessageID
        )
    }

    /// Ends the transport's connections; nothing can be published afterwards.
    public func shutdown() async { await transport.shutdown() }
}
