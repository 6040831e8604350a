import Foundation
import HTTPTypes
import NIOCore
import TributaryCore
import TributaryProtocol

/// What the application is asked.
struct ApplicationQuestion: Sendable {
    let key: AuthorizationKey
    /// What is passed on of the request; `nil` for those whom the hub itself knows.
    let session: SessionCredentials?
    /// The question as JSON.
    let body: ByteBuffer

    /// - Throws: as ``Caller/user(named:)``.
    init(_ demand: Demand, for caller: Caller, catalog: Catalog) throws(Problem) {
        let who: AuthorizationKey.Who
        if case .session = caller.identity.kind {
            // A session is what its credentials made it.
            guard let session = try SessionCredentials(caller.credentials.fields) else { throw .unauthorized(false) }
            self.session = session
            who = .session(session.digest)
        } else {
            session = nil
            who = .user(try caller.user(named: demand.user).0)
        }
        key = AuthorizationKey(
            who: who, project: demand.project, action: demand.action, channels: demand.channels, event: demand.event
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let wire = Wire(key, demand, caller.credentials, catalog)
        // Nothing in it can fail to be encoded.
        body = ByteBuffer(bytes: (try? encoder.encode(wire)) ?? Data())
    }
}

/// The question on the wire.
private struct Wire: Encodable {
    struct Connection: Encodable {
        var id: String?
        var address: String
        var userAgent: String?

        enum CodingKeys: String, CodingKey {
            case id, address
            case userAgent = "user_agent"
        }
    }

    /// Absent for a session: the application says whose it is.
    var userID: String?
    var projectID: String
    var channels: [String]
    var action: String
    var event: String?
    var connection: Connection

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case projectID = "project_id"
        case channels, action, event, connection
    }

    init(_ key: AuthorizationKey, _ demand: Demand, _ credentials: Credentials, _ catalog: Catalog) {
        if case .user(let user) = key.who { userID = user.rawValue }
        projectID = key.project.rawValue
        channels = key.channels.indices.map { catalog.channels[$0].name }
        action = key.action.rawValue
        event = key.event?.rawValue
        connection = Connection(
            id: demand.connection.map { "\($0)" }, address: credentials.peer,
            userAgent: UserAgent.shortened(credentials.fields[.userAgent])
        )
    }
}
