import Foundation
import JWTKit
import TributaryCore
import TributaryProtocol

/// A token to be made, for development and scripts: HS256, with the claims that the hub reads. In production the application makes
/// them, as it knows who its users are.
public struct NewToken: Sendable, Equatable {
    public var user: UserID
    /// Names, or `*` for all.
    public var projects: [String]
    /// Channels to read, or `*`; `nil` leaves the claim out, which is all.
    public var channels: [String]?
    /// Channels to publish on, or `*`; `nil` is none.
    public var publishChannels: [String]?
    /// Events to publish there, such as `message.new` or `message.*`; `nil` is any.
    public var publishEvents: [String]?
    /// Its holder is an operator too.
    public var isAdmin = false
    public var audience: String?
    public var issuer: String?
    /// How long it holds, in seconds.
    public var lifetimeSeconds: Int

    public init(user: UserID, projects: [String], lifetimeSeconds: Int) {
        self.user = user
        self.projects = projects
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// The token's text, which begins to hold at `now`.
    public func signed(with secret: JWTSecret, at now: Instant = .now) async throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let keys = JWTKeyCollection(defaultJWTSerializer: DefaultJWTSerializer(jsonEncoder: encoder))
        await keys.add(
            hmac: secret.key, digestAlgorithm: .sha256, serializer: DefaultJWTSerializer(jsonEncoder: encoder))
        return try await keys.sign(Payload(self, seconds: now.milliseconds / 1_000))
    }

    private struct Payload: JWTPayload {
        struct Publish: Codable {
            var channels: [String]
            var events: [String]?
        }

        struct Tributary: Codable {
            var projects: [String]
            var channels: [String]?
            var publish: Publish?
            var admin: Bool?
        }

        var sub: String
        var iat: UInt64
        var exp: UInt64
        var aud: String?
        var iss: String?
        var tributary: Tributary

        init(_ token: NewToken, seconds: UInt64) {
            sub = token.user.rawValue
            iat = seconds
            exp = seconds + UInt64(max(0, token.lifetimeSeconds))
            aud = token.audience
            iss = token.issuer
            tributary = Tributary(
                projects: token.projects, channels: token.channels,
                publish: token.publishChannels.map { Publish(channels: $0, events: token.publishEvents) },
                admin: token.isAdmin ? true : nil
            )
        }

        /// Only ever written here, never read.
        func verify(using algorithm: some JWTAlgorithm) {}
    }
}
