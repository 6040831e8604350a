import HTTPTypes

/// Why a token doesn't hold. None repeats anything of it.
extension Problem {
    /// - Parameter reason: a sentence for whoever made the token.
    static func invalidToken(_ reason: String) -> Problem { refusedToken("invalid_token", reason) }

    static let tokenExpired = refusedToken("token_expired", "The token has expired; get a new one.")

    /// Nobody knows whether the token holds: its key has to be fetched, and cannot be.
    static func keysUnavailable(afterSeconds seconds: Int) -> Problem {
        Problem(
            .serviceUnavailable, "keys_unavailable",
            "The hub cannot reach the keys that tokens are verified with. Try again as Retry-After says."
        ).retry(afterSeconds: seconds)
    }

    private static func refusedToken(_ code: String, _ message: String) -> Problem {
        var problem = Problem(.unauthorized, code, message)
        // Both are the same to OAuth: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
        problem.fields[.wwwAuthenticate] = #"Bearer error="invalid_token""#
        return problem
    }
}
