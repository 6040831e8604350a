import TributaryProtocol

/// What went wrong in a ``TributaryClient`` or ``TributaryPublisher``. None of it ends a running client, unless its
/// case says so.
public enum TributaryClientError: Error, Sendable {
    /// An event's data is not what its type expects. The stream goes on; `event.data` is the raw text.
    case undecodable(StreamEvent, type: String, cause: any Error)
    /// An `events(_:)` sequence took nothing for too long while its buffer was full. That sequence ends with this
    /// error; the stream and the others go on.
    case consumerStalled(type: String, limit: Int)
    /// No connection, or it broke. Tried again.
    case connectionFailed(any Error)
    /// No answer within the policy's `connectTimeout`. Tried again.
    case connectTimedOut(after: Duration)
    /// The stream ended without `server_close`. Tried again.
    case cut
    /// No byte came for 2.5 heartbeats. Tried again.
    case silent(for: Duration)
    /// An answer other than an event stream. 400, 401, 403 and most other 4xx end the client and are thrown by `run()`.
    case refused(HTTPRefusal)
    /// The answer's `Content-Type` is not `text/event-stream`. Tried again, as with a broken connection.
    case wrongContentType(String?)
    /// The answer is compressed in a way that the client cannot read. Tried again.
    case unsupportedEncoding(String)
    /// A redirect that the client does not follow. Tried again.
    case badRedirect(String)
    /// An event beyond the configuration's `maximumEventBytes`. Tried again from the last event before it.
    case eventTooLarge(limit: Int)
    /// Events that a replay left out could not be fetched from `GET /history`. Tried again, unless the hub will not have
    /// it; then the program gets the `gap`.
    case historyUnavailable(any Error)
    /// The `token` closure threw. Tried again.
    case tokenUnavailable(any Error)
    /// The client's URL has no host, or a scheme other than `http` and `https`. Thrown by `run()`.
    case unusableURL
    /// `run()` was called while the client is running. Thrown by `run()`.
    case alreadyRunning
    /// The data to be published is not one JSON value. Thrown by `TributaryPublisher`; nothing was sent.
    case dataIsNoJSON
    /// The outbox is full: so many events with so many bytes wait in it. Thrown by `TributaryPublisher`; the event was
    /// not taken. Publish less, or try again when some have gone out.
    case outboxFull(events: Int, bytes: Int)
    /// The publisher was shut down. The event was not sent, or nobody knows whether it was.
    case publisherClosed
}

extension TributaryClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .undecodable(let event, let type, let cause): "\(event.name) is no \(type): \(cause)"
        case .consumerStalled(let type, let limit): "nobody takes \(type) events; \(limit) are waiting"
        case .connectionFailed(let cause): "connection failed: \(cause)"
        case .connectTimedOut(let limit): "no answer within \(limit)"
        case .cut: "the stream was cut"
        case .silent(let limit): "nothing came for \(limit)"
        case .refused(let refusal): refusal.description
        case .wrongContentType(let type): "the answer is \(type ?? "of no type"), not text/event-stream"
        case .unsupportedEncoding(let encoding): "the answer is encoded as \(encoding), though identity was asked for"
        case .badRedirect(let reason): "redirect not followed: \(reason)"
        case .eventTooLarge(let limit): "an event is longer than \(limit) bytes"
        case .historyUnavailable(let cause): "history: \(cause)"
        case .tokenUnavailable(let cause): "no token: \(cause)"
        case .unusableURL: "the hub's URL must be http:// or https:// with a host"
        case .alreadyRunning: "the client is running already"
        case .dataIsNoJSON: "the data to publish is not one JSON value"
        case .outboxFull(let events, let bytes): "the outbox is full: \(events) events, \(bytes) bytes"
        case .publisherClosed: "the publisher was shut down"
        }
    }
}
