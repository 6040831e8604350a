import Crypto
import TributaryCore
import TributaryProtocol

/// What one answer of the application is good for: the same question again, wherever it comes from.
struct AuthorizationKey: Hashable, Sendable {
    enum Who: Hashable, Sendable {
        case user(UserID)
        /// By the digest of what is passed on, so that no secret is kept.
        case session(SHA256Digest)
    }

    var who: Who
    var project: ProjectID
    var action: Demand.Action
    var channels: ChannelSet
    var event: EventName?
}
