import Crypto
import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore
import TributaryCore
import TributaryProtocol

/// Believes a proxy about who sends a request, if it signed the request with a secret that it shares with the hub.
///
/// The proxy vouches for the user and says nothing of projects: where an application is asked (`--authorize-url`), that decides;
/// where none is, the user may read and publish everywhere, and it is the proxy that lets only the right requests through.
struct SignatureAuthenticator: Authenticator {
    private let secrets: [SignatureSecret]
    private let form: SignedRequest.Form
    private let configuration: SignatureConfiguration
    private let grants: Grants
    private let now: @Sendable () -> Instant
    /// Its lock owns the nonces; requests come from any task.
    private let replays: NIOLockedValueBox<ReplayGuard>

    /// - Parameters:
    ///   - asksApplication: whether the application decides about projects.
    ///   - now: the wall clock.
    /// - Returns: `nil` without a secret.
    init?(
        _ configuration: SignatureConfiguration, catalog: Catalog, asksApplication: Bool,
        replays: ReplayGuard = ReplayGuard(), now: @escaping @Sendable () -> Instant = { .now }
    ) {
        guard let secret = configuration.secret else { return nil }
        secrets = [secret] + (configuration.previousSecret.map { [$0] } ?? [])
        form = configuration.isCompatible ? .timestampAndBody : .complete
        self.configuration = configuration
        let all = ChannelSet.all(of: catalog.channels.count)
        grants = Grants(
            projects: asksApplication ? .unstated : .all, channels: all, publishing: Grants.Publishing(channels: all))
        self.now = now
        self.replays = NIOLockedValueBox(replays)
    }

    /// - Throws: `invalid_signature`, `stale_signature`, `replayed_signature` (401); `invalid_user_id` (400) for a user that the
    ///   hub cannot have; `replay_guard_full` (503).
    func authenticate(_ credentials: Credentials) async throws(Problem) -> Identity? {
        let request = try SignedRequest(credentials, form: form) { $0.name(in: configuration) }
        guard let request else { return nil }
        let now = now().milliseconds / 1_000
        // Before anything is hashed: what is too old costs nothing.
        guard request.isFresh(at: now) else { throw .staleSignature }
        let message = request.message(of: credentials, form: form)
        // All are compared, so that the time does not tell which one it was not.
        let matching = secrets.filter { $0.sign(message).isEqualInConstantTime(to: request.signature) }
        guard !matching.isEmpty else {
            throw .invalidSignature("It is not the signature of this request, or not with a secret that the hub has.")
        }
        let user = try Problem.rethrowing { () throws(InvalidName) in try UserID(request.user) }
        if changesSomething(credentials.method) { try remember(request, credentials, now: now) }
        return Identity(kind: .user(user), grants: grants, credential: "signature:\(user)")
    }

    /// Reading twice does no harm, and an `EventSource` reconnects with the very same request.
    private func changesSomething(_ method: HTTPRequest.Method) -> Bool {
        ![.get, .head, .options].contains(method)
    }

    private func remember(_ request: SignedRequest, _ credentials: Credentials, now: UInt64) throws(Problem) {
        let nonce =
            switch form {
            case .complete: ReplayGuard.Nonce(request.signature)
            case .timestampAndBody: nonce(request, credentials)
            }
        switch replays.withLockedValue({ $0.admit(nonce, signedAt: request.signedAt, now: now) }) {
        case .new: return
        case .replayed: throw .replayedSignature
        case .stale: throw .staleSignature
        case .full(let seconds): throw .replayGuardFull(seconds: Int(clamping: seconds))
        }
    }

    /// Two users who send the same body in the same second have the same signature in the older form.
    private func nonce(_ request: SignedRequest, _ credentials: Credentials) -> ReplayGuard.Nonce {
        var hash = SHA256()
        for part in [request.signature, Array(credentials.method.rawValue.utf8), Array(credentials.target.utf8)] {
            hash.update(data: part)
            hash.update(data: [UInt8(ascii: "\n")])
        }
        hash.update(data: Array(request.user.utf8))
        return ReplayGuard.Nonce(hash.finalize())
    }
}
