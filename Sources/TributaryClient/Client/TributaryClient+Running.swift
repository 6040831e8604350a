import AsyncHTTPClient
import NIOConcurrencyHelpers
import struct NIOCore.TimeAmount
import NIOHTTPCompression
public import ServiceLifecycle
import TributaryProtocol

extension TributaryClient: Service {
    /// Connects and stays connected; returns when the program or the hub ends it. One run at a time.
    ///
    /// It returns when its task is cancelled, after ``close()`` or a graceful shutdown, and when the hub ends the
    /// stream for good (204, `server_close` with `reconnect: false`); ``status`` tells which. Everything it opened is
    /// closed by then.
    ///
    /// - Throws: ``TributaryClientError``: `refused` where the hub will not have the client (400, 401 with a new token
    ///   as well, 403, any other 4xx but 408, 425 and 429), `unusableURL`, `alreadyRunning`. Everything else is tried
    ///   again.
    public func run() async throws {
        try claim()
        try await runClaimed()
    }

    /// Runs the client in a task of its own, for programs without a task group to run it in. ``close()`` ends it.
    ///
    /// - Returns: the task, whose value is what `run()` returns or throws; it may be ignored.
    @discardableResult
    public func start() -> Task<Void, any Error> {
        // Claimed here and now, so that a `close()` that follows at once is not lost.
        let claimed = Result { try claim() }
        return Task {
            try claimed.get()
            try await runClaimed()
        }
    }

    private func claim() throws {
        try state.withLockedValue { state in
            guard !state.isRunning else { throw TributaryClientError.alreadyRunning }
            state.isRunning = true
            state.isClosing = false
        }
    }

    private func runClaimed() async throws {
        let http = injectedHTTP ?? Self.makeHTTPClient(configuration.reconnect)
        let error = await withGracefulShutdownHandler {
            await stayConnected(through: http)
        } onGracefulShutdown: {
            self.close()
        }
        // Fails only for a client that is shut down already.
        if injectedHTTP == nil { try? await http.shutdown() }
        state.withLockedValue { $0.isRunning = false }
        dispatcher.finish(throwing: error)
        if let error { throw error }
    }

    /// Ends the run, after the handlers of the event at hand. From any task, handlers included; it does not wait.
    public func close() {
        let waker = state.withLockedValue { state in
            state.isClosing = true
            return state.waker
        }
        waker?.yield()
        dispatcher.abandonWaits()
    }

    private static func makeHTTPClient(_ policy: ReconnectPolicy) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(policy.connectTimeout)),
            // 250: text compresses less, and 64 KiB of input stay below the longest event.
            decompression: .enabled(limit: .ratio(250))
        )
        // The policy decides when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }
}
