import HTTPTypes
import Logging
import NIOConcurrencyHelpers
import NIOCore
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

/// What the tests of the application's part share.
enum ApplicationFixtures {
    static func catalog() throws -> Catalog { try .bundled() }

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func fields(cookie: String? = nil, authorization: String? = nil) -> HTTPFields {
        var fields = HTTPFields()
        fields[.cookie] = cookie
        fields[.authorization] = authorization
        fields[.userAgent] = "test/1"
        return fields
    }

    static func credentials(_ fields: HTTPFields = fields()) -> Credentials {
        Credentials(method: .get, target: "/stream", fields: fields, peer: "192.0.2.7")
    }

    /// Somebody whom nobody asked who they are.
    static func anybody() throws -> Caller {
        try Access(ServerConfiguration(), catalog: catalog()).openCaller(credentials())
    }

    /// Somebody whom the application knows by a cookie.
    static func session(_ cookie: String = "sid=1") async throws -> Caller {
        let credentials = credentials(fields(cookie: cookie))
        guard let identity = try await ApplicationAuthenticator(catalog: catalog()).authenticate(credentials) else {
            throw Problem.unauthorized(false)
        }
        return Caller(
            access: try Access(ServerConfiguration(), catalog: catalog()), identity: identity, credentials: credentials)
    }

    static func channels(_ names: String...) throws -> ChannelSet { try catalog().channels(named: names) }

    static func demand(
        _ action: Demand.Action = .subscribe, user: String? = "ada", project: String = "p1", channels: String = "chat"
    ) throws -> Demand {
        Demand(action: action, project: try ProjectID(project), channels: try Self.channels(channels), user: user)
    }

    static func key(_ user: String, project: String = "p1") throws -> AuthorizationKey {
        AuthorizationKey(
            who: .user(try UserID(user)), project: try ProjectID(project), action: .subscribe,
            channels: try channels("chat")
        )
    }

    static func verdict(
        seconds: Int = 60, user: String? = nil, askedAt: NIODeadline = .uptimeNanoseconds(0)
    ) throws -> ApplicationVerdict {
        ApplicationVerdict(
            user: try user.map { try UserID($0) }, channels: try channels("chat"), userType: nil,
            lifetimeMilliseconds: seconds * 1_000, askedAt: askedAt
        )
    }
}

extension NIODeadline {
    /// So long after the beginning of a test's own time.
    static func seconds(_ seconds: Double) -> NIODeadline {
        .uptimeNanoseconds(UInt64((1_000 + seconds) * 1_000_000_000))
    }
}

/// A clock that a test turns.
final class TestClock: Sendable {
    private let moment = NIOLockedValueBox(NIODeadline.seconds(0))

    var now: @Sendable () -> NIODeadline { { self.moment.withLockedValue { $0 } } }

    func turn(toSecond seconds: Double) { moment.withLockedValue { $0 = .seconds(seconds) } }
}
