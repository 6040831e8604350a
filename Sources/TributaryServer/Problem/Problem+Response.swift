import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import TributaryCore
import TributaryProtocol

extension Problem {
    /// The answer that tells a client of the problem.
    var response: Response {
        Response(json: json, status: status, fields: fields)
    }

    /// How any error that reaches the edge is told; `nil` for one that nobody foresaw, which the caller logs.
    init?(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let rejection as Envelope.Rejection: self.init(rejection)
        case let error as RelayError: self.init(error)
        case let error as EventLogError: self.init(error)
        case let refusal as AdmissionRefusal: self.init(refusal)
        case let error as CoordinationError: self.init(error)
        case let error as UnknownChannel: self = .unknownChannel(error.name)
        case let error as InvalidName: self.init(error)
        case let error as any HTTPResponseError: self.init(status: error.status)
        default: return nil
        }
    }

    /// Why an event was refused, in the words that `/stats` counts it under.
    init(_ rejection: Envelope.Rejection) {
        let message =
            switch rejection {
            case .malformed: "Send one JSON object per event, no key twice."
            case .missingEvent: "Name the event: \"event\":\"message.new\"."
            case .invalidEvent: "An event's name is 1 to 256 bytes of UTF-8 on one line."
            case .reservedEvent: "This event name is the hub's own; choose another."
            case .missingData: "Give \"data\", any JSON value; null is one."
            case .invalidRecipient: "\"to\" is {\"user\":\"…\"} and nothing beside it."
            case .tooLarge: "Keep the event below 1 MiB."
            }
        self.init(rejection == .tooLarge ? .contentTooLarge : .badRequest, rejection.rawValue, message)
    }

    init(_ error: RelayError) {
        switch error {
        case .unavailable:
            self = Problem(
                .serviceUnavailable, "relay_unavailable",
                "The hub has no connection to its relay at the moment; nothing was published. Try again."
            ).retry(afterSeconds: 1)
        case .refused:
            self.init(
                .badGateway, "relay_refused",
                "The relay refused to publish; the hub's log says why. Check its permissions."
            )
        }
    }

    init(_ error: EventLogError) {
        switch error {
        case .unavailable:
            self = Problem(
                .serviceUnavailable, "relay_unavailable",
                "The hub cannot reach its log at the moment. Try again; a \"client_msg_id\" keeps an event from counting twice."
            ).retry(afterSeconds: 1)
        case .refused: self.init(RelayError.refused("\(error)"))
        case .ownerMismatch:
            self.init(
                .conflict, "timeline_owner_mismatch",
                "The project's ids come either from the hub or from its publisher: send \"id\" always, or never."
            )
        }
    }

    init(_ error: CoordinationError) {
        switch error {
        case .unavailable:
            self = Problem(
                .serviceUnavailable, "coordination_unavailable",
                "The hub cannot reach what its nodes share at the moment. Try again."
            ).retry(afterSeconds: 1)
        case .refused:
            self.init(
                .badGateway, "coordination_refused",
                "What the nodes share refused the request; the hub's log says why. Check its permissions."
            )
        }
    }

    /// What the HTTP library itself refuses.
    private init(status: HTTPResponse.Status) {
        switch status {
        case .notFound: self = .notFound
        case .contentTooLarge: self = .bodyTooLarge
        default:
            let code = status.reasonPhrase.lowercased().map { $0.isLetter ? $0 : "_" }
            self.init(status, String(code), status.reasonPhrase)
        }
    }
}

extension Response {
    /// An answer whose body is JSON.
    init(json: ByteBuffer, status: HTTPResponse.Status = .ok, fields: HTTPFields = [:]) {
        var fields = fields
        fields[.contentType] = "application/json"
        fields[.cacheControl] = "no-store"
        self.init(status: status, headers: fields, body: ResponseBody(byteBuffer: json))
    }
}
