import HTTPTypes
import TributaryProtocol

/// Why somebody may not.
extension Problem {
    /// - Parameter byOperator: only an operator's token would help.
    static func unauthorized(_ byOperator: Bool) -> Problem {
        var problem = Problem(
            .unauthorized, "unauthorized",
            byOperator
                ? "Send the operator's token: \"Authorization: Bearer …\" (--admin-token)."
                : "Say who you are: \"Authorization: Bearer …\", or in another of the ways that --auth allows."
        )
        problem.fields[.wwwAuthenticate] = "Bearer"
        return problem
    }

    static let operatorsOnly = Problem(.forbidden, "operators_only", "Only operators may ask this.")

    /// Of a credential that was good, and is over.
    static let credentialExpired: Problem = {
        var problem = Problem(.unauthorized, "credential_expired", "Your credential has ended; get a new one.")
        problem.fields[.wwwAuthenticate] = #"Bearer error="invalid_token""#
        return problem
    }()

    static let nothingToRenew = Problem(
        .badRequest, "nothing_to_renew",
        "A stream is renewed with a new credential of its user; nothing that you show ends a stream."
    )

    static let publishForbidden = Problem(
        .forbidden, "publish_forbidden", "Your credential does not allow to publish."
    )

    static let userMismatch = Problem(
        .forbidden, "user_mismatch", "You are somebody else than the request says; leave the user out."
    )

    static func projectForbidden(_ project: ProjectID) -> Problem {
        Problem(
            .forbidden, "project_forbidden", "You have no access to this project.",
            details: [Detail(name: "project_id", value: project.rawValue)]
        )
    }

    static func channelForbidden(_ channel: String) -> Problem {
        Problem(
            .forbidden, "channel_forbidden", "You have no access to the channel \"\(channel)\"; leave it out.",
            details: [Detail(name: "channel", value: channel)]
        )
    }

    static func eventForbidden(_ event: EventName) -> Problem {
        Problem(
            .forbidden, "event_forbidden", "Your credential does not allow to publish this event.",
            details: [Detail(name: "event", value: event.rawValue)]
        )
    }
}
