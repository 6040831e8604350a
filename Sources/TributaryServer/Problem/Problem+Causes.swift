import HTTPTypes
import NIOHTTP1

/// The problems of the connection and of the routes; those of parameters stand where the parameters are read.
extension Problem {
    static let notFound = Problem(
        .notFound, "not_found", "There is nothing here; see /stream, /publish, /history and /stats.")

    static let internalError = Problem(
        .internalServerError, "internal_error", "The hub failed at this request; its log says why."
    )

    static let bodyTooLarge = Problem(.contentTooLarge, "body_too_large", "Keep the body at 1 MiB or below.")

    /// 1 s: what holds the room is answered within that.
    static let tooBusy = Problem(
        .serviceUnavailable, "too_busy", "Too many large requests are under way; send this one again in a moment."
    ).retry(afterSeconds: 1)

    static let expectationFailed = Problem(
        .expectationFailed, "expectation_failed", "Expect nothing but 100-continue."
    )

    static let headTooLarge = Problem(
        .requestHeaderFieldsTooLarge, "head_too_large", "Keep the request's target and headers at 16 KiB or below."
    )

    static let malformedRequest = Problem(.badRequest, "malformed_request", "Send HTTP/1.1.")

    static let unsupportedVersion = Problem(.httpVersionNotSupported, "unsupported_version", "Send HTTP/1.1.")

    static let requestTimeout = Problem(.requestTimeout, "request_timeout", "Send the request without long pauses.")

    static let malformedQuery = Problem(
        .badRequest, "malformed_query", "Percent-encode the query as UTF-8."
    )

    static let malformedPath = Problem(.badRequest, "malformed_path", "Percent-encode the path as UTF-8.")

    /// 5 s: by then the load balancer has learnt of it, or the next process listens.
    static let draining = Problem(
        .serviceUnavailable, "draining", "This node is shutting down; connect again, to another one."
    ).retry(afterSeconds: 5)

    static func methodNotAllowed(allow: [HTTPRequest.Method]) -> Problem {
        let methods = allow.map(\.rawValue).joined(separator: ", ")
        var problem = Problem(.methodNotAllowed, "method_not_allowed", "Use \(methods).")
        problem.fields[.allow] = methods
        return problem
    }

    static func repeated(_ name: String) -> Problem {
        Problem(
            .badRequest, "repeated_parameter", "Give \"\(name)\" once.",
            details: [Detail(name: "parameter", value: name)]
        )
    }

    /// Also for a stream of somebody else: nobody is told what others have.
    static let connectionNotFound = Problem(
        .notFound, "connection_not_found", "You have no open stream with this id; `connected` tells a stream's."
    )

    static func unknownChannel(_ name: String) -> Problem {
        // A name can be as long as a request head; nobody wants to read that.
        let shown = String(name.prefix(64))
        return Problem(
            .badRequest, "unknown_channel",
            "There is no channel \"\(shown)\"; the catalog lists those there are.",
            details: [Detail(name: "channel", value: shown)]
        )
    }

    /// What the parser of request heads and bodies refused.
    init(parsing error: any Error) {
        switch error as? HTTPParserError {
        case .headerOverflow: self = .headTooLarge
        case .invalidVersion: self = .unsupportedVersion
        default: self = .malformedRequest
        }
    }
}
