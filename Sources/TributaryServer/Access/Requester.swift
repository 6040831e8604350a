import TributaryProtocol

/// Who sends a request, and what the hub takes it for: the one place that decides it.
///
/// Nobody is asked for a proof yet: a request is believed who it says it is, and without a name it is its address.
struct Requester: Equatable, Sendable {
    let user: UserID
    /// `user` is the other side's address.
    let isAnonymous: Bool
    /// What the user is to the project: the hub's word, never the client's.
    let userType = "client"

    /// - Parameters:
    ///   - name: the user that the request names, if it names one.
    ///   - peer: the other side's address.
    /// - Throws: `invalid_user_id`.
    init(user name: String?, peer: String) throws(Problem) {
        user = try Problem.rethrowing { () throws(InvalidName) in try UserID(name ?? peer) }
        isAnonymous = name == nil
    }
}
