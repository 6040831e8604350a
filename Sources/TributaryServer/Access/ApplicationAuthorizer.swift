import NIOCore
import TributaryCore
import TributaryProtocol

/// Asks the application what a user may: it knows who is in which project.
protocol ApplicationAuthorizer: Sendable {
    /// - Throws: `project_forbidden` for a no; `authorization_unavailable` (503) where there is no answer.
    func decide(_ demand: Demand, for caller: Caller) async throws(Problem) -> ApplicationVerdict

    /// How long a stream stays open on that verdict, and how the application is asked again.
    func lease(_ verdict: ApplicationVerdict, _ demand: Demand, for caller: Caller) -> StreamLease

    /// Forgets what it was told of a user that an operator sends away, from a project or from all. From any thread.
    func forget(_ user: UserID, in project: ProjectID?)
}

/// What the application said: yes.
struct ApplicationVerdict: Sendable, Equatable {
    /// Who it is, for those whom the application alone knows.
    var user: UserID?
    /// Those of the demand that it allows.
    var channels: ChannelSet
    /// What the user is to the project; `nil` if it did not say.
    var userType: String?
    /// How long that holds, in milliseconds; 0 is for this one time.
    var lifetimeMilliseconds: Int
    /// When the question was sent: the time runs from there.
    var askedAt = NIODeadline.now()
}
