/// A way to prove who one is. Several may stand side by side; the first that finds its kind of credential decides.
protocol Authenticator: Sendable {
    /// - Returns: `nil` if the request has no credential of this kind.
    /// - Throws: the ``Problem`` to answer, for a credential that doesn't hold: 401, or 503 where it cannot be checked now.
    func authenticate(_ credentials: Credentials) async throws(Problem) -> Identity?
}
