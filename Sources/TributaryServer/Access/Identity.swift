import TributaryCore
import TributaryProtocol

/// Who sends a request, as its credentials prove it.
struct Identity: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// Nobody was asked (`--auth none`): it is believed who it says it is, and without a name it is its address.
        case anybody
        case user(UserID)
        /// Somebody whom the application knows by what the hub passes on to it, such as the cookies of its session; it says who.
        case session
        /// A service that publishes for everybody.
        case publisher
        case `operator`
    }

    var kind: Kind
    /// What a user is to the project, in presence and in events of its own: the hub's word, never the client's.
    var userType = "client"
    var grants: Grants
    /// Its requests are an operator's too.
    var isOperator = false
    /// When the credential ends.
    var expiresAt: Instant?
    /// Tells credentials apart where they are counted: a name, never a part of the secret.
    var credential: String
    /// The credential came by itself, as browsers send cookies: another site may have caused the request.
    var isAmbient = false

    var hasExpired: Bool { expiresAt.map { $0 <= .now } ?? false }

    /// What it publishes is a user's own, rather than anybody's.
    var publishesOwnEvents: Bool {
        switch kind {
        case .user, .session: true
        case .anybody, .publisher, .operator: false
        }
    }
}
