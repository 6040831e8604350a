import ArgumentParser
import Foundation
import Testing
import TributaryProtocol
import TributaryServer

@testable import tributary

/// `tributary token`, and `serve --auth jwt` with what it made.
@Suite struct TokenCommandTests {
    private static let secret = String(repeating: "s", count: 32)
    private static let environment = ["TRIBUTARY_JWT_SECRET": secret]

    private func failure(_ arguments: String..., environment: [String: String] = environment) async throws -> String {
        let output = try await Command(["token"] + arguments, environment: environment).exit()
        #expect(output.exitCode == 64 && output.standardOutput.isEmpty, "\(output)")
        return output.standardError
    }

    @Test func `a token is printed alone, and opens a stream of the hub`() async throws {
        let serve = try Command("serve", "--port", "0", "--auth", "jwt", environment: Self.environment)
        let address = try await serve.address()
        #expect(serve.output.standardOutput.contains("Everybody is asked who they are: jwt."))
        let made = try await Command(
            "token", "--user", "u1", "--project", "p1", "--channels", "chat,jobs", "--ttl", "1h",
            environment: Self.environment
        ).exit()
        #expect(made.exitCode == 0 && made.standardError.isEmpty)
        let token = made.standardOutput.trimmingCharacters(in: .newlines)
        #expect(token.wholeMatch(of: #/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/#) != nil)
        let listen = try Command("listen", "--project", "p1", "--url", "\(address)?token=\(token)")
        try await listen.wait(until: "it is connected") { $0.standardError.contains("connected") }
        #expect(!listen.output.standardError.contains("eyJ"))
        listen.signal(SIGINT)
        _ = try await listen.exit()
        let refused = try Command("listen", "--project", "p2", "--url", "\(address)?token=\(token)")
        let output = try await refused.exit()
        #expect(output.exitCode == 1 && !output.standardError.contains("eyJ"))
        serve.signal(SIGTERM)
        #expect(try await serve.exit().exitCode == 0)
        #expect(!serve.output.standardError.contains("eyJ"))
    }

    @Test func `what is said becomes claims`() throws {
        let plain = try #require(try Tributary.parseAsRoot(["token", "--user", "u1"]) as? Token).token([:])
        #expect(plain.user.rawValue == "u1" && plain.projects == ["default"] && plain.channels == nil)
        #expect(plain.publishChannels == nil && !plain.isAdmin && plain.lifetimeSeconds == 3_600)
        let arguments = [
            "token", "--user", "u1", "--project", "p1,p2", "--project", "p3", "--channels", "chat, jobs",
            "--publish", "*", "--publish-events", "message.*,typing.start", "--admin", "--ttl", "15m", "--audience",
            "hub",
        ]
        let full = try #require(try Tributary.parseAsRoot(arguments) as? Token).token([
            "TRIBUTARY_JWT_AUDIENCE": "other", "TRIBUTARY_JWT_ISSUER": "us",
        ])
        #expect(full.projects == ["p1", "p2", "p3"] && full.channels == ["chat", "jobs"] && full.isAdmin)
        #expect(full.publishChannels == ["*"] && full.publishEvents == ["message.*", "typing.start"])
        #expect(full.lifetimeSeconds == 900 && full.audience == "hub" && full.issuer == "us")
    }

    @Test(arguments: [("30s", 30), ("15m", 900), ("1h", 3_600), ("7d", 604_800), ("366d", 31_622_400)])
    func `a lifetime has a unit`(_ text: String, _ seconds: Int) {
        #expect(Lifetime(text)?.seconds == seconds)
        #expect(Lifetime(text)?.description == text)
    }

    @Test(arguments: ["", "1", "h", "0s", "-1h", "1.5h", "367d", "1 h", "1H", "999999999d", "9999999999s", "١h"])
    func `what is no lifetime is refused`(_ text: String) {
        #expect(Lifetime(text) == nil)
    }

    @Test func `what no hub would take is told in one line, without the secret`() async throws {
        let none = try await failure("--user", "u1", environment: [:])
        #expect(none.contains("TRIBUTARY_JWT_SECRET"))
        let short = try await failure("--user", "u1", "--secret", "hunter2")
        #expect(short.contains("--secret: ") && short.contains("32 bytes") && !short.contains("hunter2"))
        for wrong in [
            [], ["--user", ""], ["--user", "u", "--project", "a b"], ["--user", "u", "--project", ","],
            ["--user", "u", "--channels", "UP"], ["--user", "u", "--publish", "a b"], ["--user", "u", "--ttl", "soon"],
            ["--user", "u", "--publish-events", "x"],
        ] {
            let output = try await Command(["token"] + wrong, environment: Self.environment).exit()
            #expect(output.exitCode == 64 && output.standardOutput.isEmpty, "\(wrong): \(output)")
            #expect(output.standardError.count(where: \.isNewline) == 1 && !output.standardError.contains(Self.secret))
        }
    }
}
