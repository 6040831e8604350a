import Hummingbird
import TributaryCore
import TributaryProtocol

/// Proof that ``Access`` has decided: nobody else can make one, and no route can answer without one.
struct Permit: Sendable {
    /// Who acts; for services and operators that name nobody, their address.
    let user: UserID
    /// Nobody said who the user is: its name is its address.
    let isAnonymous: Bool
    let identity: Identity
    /// What may be read or written of what was asked for.
    let channels: ChannelSet
    /// What the user is to the project.
    let userType: String
    /// How long a stream that is opened with it may stay open.
    let lease: StreamLease

    /// - Parameter token: ``Access``'s own.
    init(
        _ token: Access.DecisionToken, user: UserID, isAnonymous: Bool, identity: Identity, channels: ChannelSet,
        userType: String, lease: StreamLease = StreamLease()
    ) {
        self.user = user
        self.isAnonymous = isAnonymous
        self.identity = identity
        self.channels = channels
        self.userType = userType
        self.lease = lease
    }

    func answer(_ response: Response) -> PermittedResponse { PermittedResponse(response: response, permit: self) }
}

/// An answer and why it may be given.
struct PermittedResponse: Sendable {
    let response: Response
    /// `nil` where anybody may ask, as ``Access/anybody(_:)`` decided.
    let permit: Permit?

    fileprivate init(response: Response, permit: Permit?) {
        self.response = response
        self.permit = permit
    }
}

extension Access {
    /// The few answers that are for everybody, such as `/healthz`.
    func anybody(_ response: Response) -> PermittedResponse { PermittedResponse(response: response, permit: nil) }
}
