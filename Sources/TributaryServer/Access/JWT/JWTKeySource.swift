import Logging
import NIOCore

/// The keys that tokens are verified with: the hub's own, and those that the issuer publishes. It hands them out and verifies nothing
/// itself, so that no token waits for another one's verification.
actor JWTKeySource {
    private let ownKeys: [JWTKey]
    private let fetch: (@Sendable () async throws -> [JWTKey])?
    private let place: String
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private var own: JWTKeyring?
    private var fetched = JWTKeyring()
    private var refresh = JWKSRefresh()
    /// Belongs to nobody's request: whoever waits for it may go away. It ends within the client's 5 s.
    private var flight: Task<Void, Never>?

    init(_ configuration: JWTConfiguration, logger: Logger) {
        var fetch: (@Sendable () async throws -> [JWTKey])?
        if let place = configuration.keySet {
            let client = JWKSClient(location: place)
            fetch = { try await client.fetch() }
        }
        self.init(
            own: configuration.ownKeys, place: configuration.keySet?.shown ?? "", logger: logger,
            now: { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }, fetch: fetch
        )
    }

    /// - Parameters:
    ///   - place: how the log names where keys are fetched.
    ///   - now: milliseconds of a clock that only goes forward.
    ///   - fetch: `nil` where the issuer publishes none.
    init(
        own: [JWTKey], place: String, logger: Logger, now: @escaping @Sendable () -> Int64,
        fetch: (@Sendable () async throws -> [JWTKey])?
    ) {
        ownKeys = own
        self.place = place
        self.logger = logger
        self.now = now
        self.fetch = fetch
    }

    /// The keys to verify a token with, fetched before where it takes that.
    ///
    /// - Throws: `keys_unavailable` where the key may be one that cannot be fetched now.
    func keyring(for header: JSONWebToken.Header) async throws(Problem) -> JWTKeyring {
        let own = try await preparedOwn()
        // The hub's own keys have the say on the names that they have; a token that names none may be anybody's.
        let isOwn = own.hasKey(for: header)
        guard let fetch, !header.algorithm.isSymmetric, !isOwn || header.keyID == nil else { return own }
        var decision = refresh.decide(isKnown: fetched.hasKey(for: header), at: now())
        switch decision {
        case .use, .unknown, .unavailable: break
        case .useAndFetch: begin(fetch)
        case .fetch:
            begin(fetch)
            await flight?.value
            decision = refresh.decideAfterwards(isKnown: fetched.hasKey(for: header), at: now())
        case .join:
            await flight?.value
            decision = refresh.decideAfterwards(isKnown: fetched.hasKey(for: header), at: now())
        }
        if case .unavailable(let milliseconds) = decision, !isOwn {
            throw .keysUnavailable(afterSeconds: max(1, Int((milliseconds + 999) / 1_000)))
        }
        return own.adding(fetched)
    }

    private func preparedOwn() async throws(Problem) -> JWTKeyring {
        if let own { return own }
        do {
            let prepared = try await JWTKeyring(ownKeys)
            own = prepared
            return prepared
        } catch {
            // The keys were read when the hub started: nothing about them can be wrong any more.
            logger.error("the keys for tokens cannot be used", metadata: ["error": "\(error)"])
            throw .internalError
        }
    }

    private func begin(_ fetch: @escaping @Sendable () async throws -> [JWTKey]) {
        flight = Task {
            do {
                arrived(try await JWTKeyring(try await fetch()))
            } catch {
                failed(error)
            }
        }
    }

    private func arrived(_ keys: JWTKeyring) {
        fetched = keys
        refresh.ended(success: true, at: now())
        logger.info("the issuer's keys are here", metadata: ["from": "\(place)", "keys": "\(keys.verifiers.count)"])
    }

    private func failed(_ error: any Error) {
        refresh.ended(success: false, at: now())
        logger.warning(
            "the issuer's keys cannot be fetched; those that are here stay valid",
            metadata: ["from": "\(place)", "error": "\(error)"]
        )
    }
}
