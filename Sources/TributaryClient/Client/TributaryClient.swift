public import AsyncHTTPClient
public import Foundation
public import Logging
import NIOConcurrencyHelpers
public import TributaryProtocol

/// A reader of one user's stream: it connects, comes back after every cut where it left off, and hands each event to
/// the handlers of its type.
///
/// ```swift
/// let client = try TributaryClient(url: "http://localhost:8080", project: "p1", channels: [.chat, .jobs], user: "u1")
///
/// client.on(MessageNew.self) { event in
///     print(event.isReplay ? "missed:" : "new:", event.content.text)
/// }
/// client.onError { error in print(error) }
///
/// try await client.run()      // until the task is cancelled, `close()` is called, or the hub says so
/// ```
///
/// `run()` fits a `ServiceGroup` and a task group; ``start()`` is for programs that have neither. A client may be run
/// again after its run has ended, and goes on from its ``cursor``.
///
/// Handlers are called one after the other, in the order of events and of registration, by the task that runs the
/// client; they may be `async`, and the client reads on when they return. So a handler that takes its time slows the
/// stream down (the hub closes one that takes nothing for 30 s, and the client resumes), and no event overtakes
/// another. ``cursor`` moves on when an event's handlers have returned: whoever stores it loses nothing. Events with an
/// id come once, however often the connection breaks.
///
/// What was missed comes before what is live, with `isReplay`: first the hub's own replay, then, where that was cut short,
/// pages of `GET /history`, while the live events wait (``TributaryClientConfiguration/catchUpBuffer``). What is lost for
/// good is told by `Gap`, and by `recovered` of `Connected` for what is older than the hub's log. Until history can be
/// reached nothing live is handed over; ``onError(_:)`` tells of each try.
///
/// Users get their own events too. A program that shows a message before the hub has it, and publishes it with a
/// `client_msg_id` in its data, finds it again by that:
///
/// ```swift
/// client.on(MessageNew.self) { event in
///     if let key = event.clientMessageID { await messages.confirm(key, as: event.messageID) }
/// }
/// ```
public final class TributaryClient: Sendable {
    struct State {
        var status = ConnectionStatus.disconnected
        var selection: ChannelSelection
        /// Counts changes of the selection, so that a connection knows whether it has the newest.
        var generation = 0
        var position: StreamPosition
        var seen: RecentIDs
        var isRunning = false
        var isClosing = false
        /// Wakes whoever runs the client, when the channels change or `close()` is called.
        var waker: AsyncStream<Void>.Continuation?
        var statusObservers: [UInt64: AsyncStream<ConnectionStatus>.Continuation] = [:]
        var nextObserver: UInt64 = 0
    }

    let endpoint: StreamEndpoint
    let token: (@Sendable () async throws -> String?)?
    let configuration: TributaryClientConfiguration
    let injectedHTTP: HTTPClient?
    let logger: Logger
    let dispatcher = Dispatcher()
    let state: NIOLockedValueBox<State>

    /// A client that is not running yet.
    ///
    /// - Parameters:
    ///   - url: where the hub is, such as `http://localhost:8080`; a path and a query of its own are kept. `run()`
    ///     throws ``TributaryClientError/unusableURL`` if it is not `http` or `https`.
    ///   - project: the space whose events are read.
    ///   - channels: what to read; `nil` for all that the user may.
    ///   - user: who reads; `nil` where the token says so, or the hub takes the peer's address.
    ///   - token: gives the bearer token, or `nil` to send none. Called before the first connection, and again once
    ///     after a 401 or an `auth_expired`; in between the token is kept.
    ///   - cursor: where to begin: after this id; 0 is the oldest event kept; `nil` begins with what comes next.
    ///   - httpClient: the client to connect through. It must neither be shut down while this one runs nor have a read
    ///     time-out, and keeps its own connect time-out and redirects; it allows 8 streams to one host unless
    ///     configured otherwise, and compressed answers are refused. `nil`: one of its own per run, on the singleton
    ///     event loop group.
    ///   - logger: hears of connections at `debug`. Tokens are never logged.
    public init(
        url: URL,
        project: ProjectID = .default,
        channels: Set<Channel>? = nil,
        user: UserID? = nil,
        token: (@Sendable () async throws -> String?)? = nil,
        from cursor: UInt64? = nil,
        configuration: TributaryClientConfiguration = TributaryClientConfiguration(),
        httpClient: HTTPClient? = nil,
        logger: Logger? = nil
    ) {
        endpoint = StreamEndpoint(
            url: url,
            project: project,
            user: user,
            // A UUID is always a valid one.
            instance: configuration.instance ?? (try? ClientInstanceID(UUID().uuidString.lowercased())),
            heartbeat: configuration.heartbeat
        )
        self.token = token
        self.configuration = configuration
        injectedHTTP = httpClient
        self.logger = logger ?? Logger(label: "tributary.client", factory: { _ in SwiftLogNoOpLogHandler() })
        state = NIOLockedValueBox(
            State(
                selection: ChannelSelection(channels),
                position: cursor.map { .after($0) } ?? .live,
                seen: RecentIDs(capacity: configuration.rememberedIDs)
            )
        )
    }

    /// The same from plain strings.
    ///
    /// - Throws: `InvalidName` for a bad project or user, ``TributaryClientError/unusableURL`` for a bad URL.
    public convenience init(
        url: String,
        project: String? = nil,
        channels: Set<Channel>? = nil,
        user: String? = nil,
        token: (@Sendable () async throws -> String?)? = nil,
        from cursor: UInt64? = nil,
        configuration: TributaryClientConfiguration = TributaryClientConfiguration(),
        httpClient: HTTPClient? = nil,
        logger: Logger? = nil
    ) throws {
        guard let parsed = URL(string: url) else { throw TributaryClientError.unusableURL }
        _ = try StreamEndpoint.url("stream", of: parsed)
        self.init(
            url: parsed,
            project: try project.map { try ProjectID($0) } ?? .default,
            channels: channels,
            user: try user.map { try UserID($0) },
            token: token,
            from: cursor,
            configuration: configuration,
            httpClient: httpClient,
            logger: logger
        )
    }

    deinit {
        dispatcher.finish(throwing: nil)
        for observer in state.withLockedValue({ $0.statusObservers }).values { observer.finish() }
    }

    /// The id to begin with next time: that of the newest event whose handlers have returned, or before any came, where
    /// the stream began. `nil` before anything is known. A number to store as it is, never to compute with.
    public var cursor: UInt64? { state.withLockedValue { $0.position.number } }
}
