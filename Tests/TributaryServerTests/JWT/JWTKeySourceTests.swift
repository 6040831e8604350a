import HTTPTypes
import Logging
import NIOConcurrencyHelpers
import NIOHTTP1
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// Keys that the issuer publishes, with an issuer on this machine.
@Suite struct JWTKeySourceTests {
    /// A hub's keys with a clock that the test sets.
    private final class Bench: Sendable {
        let time = NIOLockedValueBox<Int64>(0)
        let authenticator: JWTAuthenticator

        init(_ url: String, own: [JWTKey] = []) throws {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let client = JWKSClient(location: try JWKSLocation(url))
            let keys = JWTKeySource(
                own: own, place: "test", logger: logger, now: { [time] in time.withLockedValue { $0 } },
                fetch: { try await client.fetch() }
            )
            authenticator = JWTAuthenticator(
                JWTConfiguration(), keys: keys, catalog: try .bundled(), now: { Forge.now })
        }

        func verdict(_ token: String) async -> String? { await authenticator.verdict(.bearer(token)) }

        func wait(_ milliseconds: Int64) { time.withLockedValue { $0 += milliseconds } }
    }

    /// The key set without its RSA key of that name.
    private static let withoutRSA = GoldenTokens.keySet.replacing(#""kid":"r1""#, with: #""kid":"r0""#)

    @Test func `keys are fetched once, for all who ask at the same time`() async throws {
        try await KeyServer.run(.init(body: GoldenTokens.keySet)) { issuer in
            let bench = try Bench(issuer.url)
            let tokens = [
                GoldenTokens.namedRS256, GoldenTokens.namedES256, GoldenTokens.namedEdDSA, GoldenTokens.rs256,
            ]
            await withTaskGroup(of: String?.self) { group in
                for token in tokens + tokens + tokens { group.addTask { await bench.verdict(token) } }
                for await verdict in group { #expect(verdict == "ada") }
            }
            #expect(issuer.requests == ["GET /keys"])
        }
    }

    @Test func `a key of a new name is fetched, and one that nobody has asks once a minute`() async throws {
        try await KeyServer.run(.init(body: Self.withoutRSA)) { issuer in
            let bench = try Bench(issuer.url)
            #expect(await bench.verdict(GoldenTokens.namedES256) == "ada")
            for _ in 1...3 { #expect(await bench.verdict(GoldenTokens.namedRS256) == "invalid_token") }
            #expect(issuer.requests.count == 1)
            issuer.answer(.init(body: GoldenTokens.keySet))
            bench.wait(59_999)
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "invalid_token")
            #expect(issuer.requests.count == 1)
            bench.wait(1)
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "ada")
            #expect(issuer.requests.count == 2)
        }
    }

    @Test func `old keys stay valid while the issuer is away`() async throws {
        try await KeyServer.run(.init(body: Self.withoutRSA)) { issuer in
            let bench = try Bench(issuer.url)
            #expect(await bench.verdict(GoldenTokens.namedES256) == "ada")
            bench.wait(60_000)
            issuer.answer(.init(status: .internalServerError))
            // Nobody knows of that one; of the other one everybody does.
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "keys_unavailable")
            #expect(await bench.verdict(GoldenTokens.namedES256) == "ada")
            try await issuer.stop()
            bench.wait(60_000)
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "keys_unavailable")
            #expect(await bench.verdict(GoldenTokens.namedES256) == "ada")
        }
    }

    @Test func `a key that the issuer takes back is gone when the keys are an hour old`() async throws {
        try await KeyServer.run(.init(body: GoldenTokens.keySet)) { issuer in
            let bench = try Bench(issuer.url)
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "ada")
            issuer.answer(.init(body: Self.withoutRSA))
            bench.wait(3_600_000)
            // The one that notices does not wait.
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "ada")
            try await eventually("the new keys are here") {
                await bench.verdict(GoldenTokens.namedRS256) == "invalid_token"
            }
            #expect(issuer.requests.count == 2)
        }
    }

    @Test func `without any key the answer is to come back, and when`() async throws {
        try await KeyServer.run(.init(status: .serviceUnavailable)) { issuer in
            let bench = try Bench(issuer.url)
            let refusal = try #require(await bench.authenticator.refusal(GoldenTokens.namedRS256))
            #expect(refusal.status == .serviceUnavailable && refusal.code == "keys_unavailable")
            #expect(refusal.fields[.retryAfter] == "5" && refusal.fields[.wwwAuthenticate] == nil)
            issuer.answer(.init(body: GoldenTokens.keySet))
            bench.wait(4_999)
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "keys_unavailable")
            #expect(issuer.requests.count == 1)
            bench.wait(1)
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "ada")
        }
    }

    @Test(arguments: [
        KeyServer.Answer(body: "nonsense"), .init(body: #"{"keys":[]}"#), .init(status: .notFound),
        .init(status: .found, headers: ["Location": "http://127.0.0.1:1/"], body: GoldenTokens.keySet),
        .init(body: GoldenTokens.keySet + String(repeating: " ", count: 1 << 20)),
        .init(body: #"{"keys":[{"kty":"oct","k":"\#(Forge.base64URL(Forge.secret))"}]}"#),
    ])
    func `an answer that is no key set is none`(_ answer: KeyServer.Answer) async throws {
        try await KeyServer.run(answer) { issuer in
            let bench = try Bench(issuer.url)
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "keys_unavailable")
            #expect(issuer.requests.count == 1)
        }
    }

    @Test func `no secret is ever fetched`() async throws {
        try await KeyServer.run(.init(body: GoldenTokens.keySet)) { issuer in
            let bench = try Bench(issuer.url)
            #expect(await bench.verdict(Forge.token()) == "invalid_token")
            #expect(await bench.verdict(Forge.token(header: #"{"alg":"HS256","kid":"r1"}"#)) == "invalid_token")
            #expect(issuer.requests.isEmpty)
        }
    }

    @Test func `the hub's own keys need no issuer`() async throws {
        let own = try JWTKey.read(Array(GoldenTokens.keySet.utf8)) + [JWTKey(secret: JWTSecret(Forge.secret))]
        try await KeyServer.run(.init(status: .serviceUnavailable)) { issuer in
            let bench = try Bench(issuer.url, own: own)
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "ada")
            #expect(await bench.verdict(Forge.token()) == "ada")
            #expect(issuer.requests.isEmpty)
            // Without a name it may be anybody's: the issuer is asked, and is not needed.
            #expect(await bench.verdict(GoldenTokens.rs256) == "ada")
            #expect(issuer.requests.count == 1)
        }
    }

    @Test func `a request that goes away takes nobody's keys along`() async throws {
        try await KeyServer.run(.init(isSilent: true)) { issuer in
            let bench = try Bench(issuer.url)
            let first = Task { await bench.verdict(GoldenTokens.namedRS256) }
            try await eventually("it asks") { issuer.requests.count == 1 }
            first.cancel()
            try await issuer.stop()
            // Within the 5 s that an answer may take.
            #expect(await bench.verdict(GoldenTokens.namedRS256) == "keys_unavailable")
            #expect(await first.value == "keys_unavailable")
            #expect(issuer.requests.count == 1)
        }
    }
}
