import NIOCore
import TributaryCore
import TributaryProtocol

/// What the application answered.
enum ApplicationAnswer: Sendable, Equatable {
    case allowed(ApplicationVerdict)
    /// The user may not.
    case refused
    /// It knows no such session.
    case unknownSession

    /// 60 s, where the application doesn't say: somebody who is taken out of a project reads for a minute at most.
    static let defaultLifetime = 60
    /// A day.
    static let maximumLifetime = 86_400

    /// How long the same question gets the same answer.
    var lifetime: TimeAmount {
        switch self {
        case .allowed(let verdict): .milliseconds(Int64(verdict.lifetimeMilliseconds))
        // 5 s: who has just been let into a project does not wait for long.
        case .refused: .seconds(5)
        // 1 s: who has just signed in waits for nothing, and a client that asks without end is held off all the same.
        case .unknownSession: .seconds(1)
        }
    }

    /// Understands a reply. Whatever is not a plain yes or no is neither.
    ///
    /// - Throws: ``ApplicationFailure``.
    init(
        _ reply: ApplicationReply, to question: ApplicationQuestion, catalog: Catalog, askedAt: NIODeadline
    ) throws(ApplicationFailure) {
        switch reply.status {
        case 200...299: self = try Self.read(reply.body, question, catalog, askedAt)
        case 401: self = question.session == nil ? .refused : .unknownSession
        case 403: self = .refused
        case 429, 502, 503, 504: throw .overloaded(status: reply.status)
        default: throw .misunderstood("status \(reply.status)")
        }
    }

    private static func read(
        _ bytes: ByteBuffer, _ question: ApplicationQuestion, _ catalog: Catalog, _ askedAt: NIODeadline
    ) throws(ApplicationFailure) -> ApplicationAnswer {
        guard let body = try? JSONBody(bytes) else { throw .misunderstood("the answer is not a JSON object") }
        guard case .bool(let isAllowed) = body.members["allow"] else {
            throw .misunderstood("\"allow\" is not true or false")
        }
        guard isAllowed else { return .refused }
        return .allowed(
            ApplicationVerdict(
                user: try user(body),
                channels: try channels(body, catalog).map { question.key.channels.intersection($0) }
                    ?? question.key.channels,
                userType: try userType(body),
                lifetimeMilliseconds: try lifetime(body) * 1_000,
                askedAt: askedAt
            )
        )
    }

    private static func user(_ body: JSONBody) throws(ApplicationFailure) -> UserID? {
        guard let value = body.members["user_id"] else { return nil }
        guard let user = value.string.flatMap({ try? UserID($0) }) else {
            throw .misunderstood("\"user_id\" is not a string of 1 to 256 bytes")
        }
        return user
    }

    /// Names that the catalog does not have allow nothing; `all` is all that was asked for.
    private static func channels(
        _ body: JSONBody, _ catalog: Catalog
    ) throws(ApplicationFailure) -> ChannelSet? {
        guard body.members["channels"] != nil else { return nil }
        guard let names = try? body.texts("channels") else {
            throw .misunderstood("\"channels\" is not an array of strings")
        }
        return names.reduce(into: []) { set, name in
            if name == "all" { set = .all(of: catalog.channels.count) }
            if let index = catalog.index(of: name) { set.insert(ChannelSet(index: index)) }
        }
    }

    /// - Returns: `nil` for none. 1 to 64 bytes: it stands in each event of the user's.
    private static func userType(_ body: JSONBody) throws(ApplicationFailure) -> String? {
        guard let value = body.members["user_type"] else { return nil }
        // What is printable is the same for both.
        guard let type = value.string, type.utf8.count <= 64, (try? UserID(type)) != nil else {
            throw .misunderstood("\"user_type\" is not a string of 1 to 64 bytes")
        }
        return type
    }

    /// - Returns: seconds.
    private static func lifetime(_ body: JSONBody) throws(ApplicationFailure) -> Int {
        let seconds: Double
        switch body.members["ttl"] {
        case nil: return defaultLifetime
        case .integer(let number): seconds = Double(number)
        case .number(let number): seconds = number
        default: throw .misunderstood("\"ttl\" is not a number of seconds")
        }
        guard seconds >= 0 else { throw .misunderstood("\"ttl\" is below 0") }
        return seconds == 0 ? 0 : Int(min(max(seconds, 1), Double(maximumLifetime)))
    }
}
