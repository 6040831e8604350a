import NIOConcurrencyHelpers
import NIOCore
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

/// Knows callers by the bearer tokens that a test gives out.
final class TokenBook: Authenticator {
    private let identities = NIOLockedValueBox<[String: Identity]>([:])

    /// - Parameter channels: by their places in the catalog; `nil` is all.
    @discardableResult
    func issue(
        _ token: String, to user: String, projects: Grants.Projects = .all, channels: ChannelSet? = nil,
        expiresAt: Instant? = nil
    ) throws -> String {
        let all = ChannelSet.all(of: try Catalog.bundled().channels.count)
        let grants = Grants(projects: projects, channels: channels ?? all)
        let identity = Identity(
            kind: .user(try UserID(user)), grants: grants, expiresAt: expiresAt, credential: "user:\(user)")
        identities.withLockedValue { $0[token] = identity }
        return token
    }

    func authenticate(_ credentials: Credentials) async throws(Problem) -> Identity? {
        guard let bearer = credentials.bearer else { return nil }
        guard let identity = identities.withLockedValue({ $0[String(bearer)] }) else { throw .unauthorized(false) }
        return identity
    }

    /// Access that asks this book, and the application if there is one.
    func judge(_ application: (any ApplicationAuthorizer)? = nil) -> (Access) -> Access {
        { access in
            Access(
                catalog: access.catalog, isOpen: false, authenticators: [self], application: application,
                adminToken: access.adminToken, publisherTokens: access.publisherTokens, hasOperators: true,
                guardsInspection: false
            )
        }
    }
}

extension Instant {
    /// So many seconds from now.
    static func after(seconds: Int) -> Instant { Instant(milliseconds: now.milliseconds + UInt64(seconds) * 1_000) }
}
