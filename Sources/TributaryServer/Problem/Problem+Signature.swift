import HTTPTypes

/// Why a signed request is not believed. What the signature should have been is never said.
extension Problem {
    /// - Parameter reason: a sentence.
    static func invalidSignature(_ reason: String) -> Problem {
        signature("invalid_signature", reason)
    }

    static let staleSignature = signature(
        "stale_signature", "The timestamp is more than 300 seconds from the hub's clock. Sign anew, and set the clock."
    )

    static let replayedSignature = signature(
        "replayed_signature",
        "The hub has had this very request. Sign each anew; two alike in one second differ by any parameter in the query."
    )

    /// Nothing is taken that could not be told from its repetition.
    static func replayGuardFull(seconds: Int) -> Problem {
        Problem(
            .serviceUnavailable, "replay_guard_full",
            "This node has more signed requests to remember than it can. Try again, or another node."
        ).retry(afterSeconds: seconds)
    }

    private static func signature(_ code: String, _ message: String) -> Problem {
        var problem = Problem(.unauthorized, code, message)
        problem.fields[.wwwAuthenticate] = "Signature"
        return problem
    }
}
