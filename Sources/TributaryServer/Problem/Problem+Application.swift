import HTTPTypes

extension Problem {
    static func authorizationUnavailable(_ failure: ApplicationFailure) -> Problem {
        let seconds = failure.retrySeconds
        return Problem(
            .serviceUnavailable, "authorization_unavailable",
            "The application that decides who may does not answer. Wait as long as Retry-After says, then try again."
        ).retry(afterSeconds: .random(in: seconds...seconds + 2))
    }
}
