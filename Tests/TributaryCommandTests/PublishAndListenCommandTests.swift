import Foundation
import Testing

@testable import tributary

/// `tributary publish` and `tributary listen` as processes of their own.
@Suite struct PublishAndListenCommandTests {
    @Test func `what is published is listened to, byte for byte`() async throws {
        let serve = try Command("serve", "--port", "0")
        let address = try await serve.address()
        let listen = try await listening("--channels", "chat,jobs", "--project", "p1", "--json", address: address)
        let first = try Command(
            "publish", "chat", "message.new", #"{"a": 1 }"#, "--project", "p1", "--id", "7", "--url", address
        )
        #expect(try await first.exit().standardOutput == "{\"id\":7,\"duplicate\":false}\n")
        let second = try Command(
            "publish", "job", "job.progress", "-", "--project", "p1", input: "[1,\n2]",
            environment: ["TRIBUTARY_URL": address]
        )
        #expect(try await second.exit().standardOutput == "{\"id\":null,\"duplicate\":false}\n")
        try await listen.wait(until: "both came") { $0.standardOutput.count(where: \.isNewline) == 2 }
        #expect(
            listen.output.standardOutput == """
                {"event":"message.new","id":"7","data":{"a": 1 }}
                {"event":"job.progress","data":[1, 2]}

                """)
        listen.signal(SIGINT)
        #expect(try await listen.exit().exitCode == 0)
        try await end(serve)
    }

    @Test func `a hub that asks for a token gets it, from the flag or the environment`() async throws {
        let secret = ["TRIBUTARY_JWT_SECRET": "a-secret-of-thirty-two-bytes-0123"]
        let serve = try Command("serve", "--port", "0", "--auth", "jwt", environment: secret)
        let address = try await serve.address()
        let made = try Command(
            "token", "--user", "ada", "--project", "p1", "--publish", "chat", environment: secret
        )
        let token = try await made.exit().standardOutput.trimmingCharacters(in: .newlines)
        try await failure("listen", "--project", "p1", "--url", address, says: "401", code: 1)
        let listen = try await listening("--project", "p1", "--token", token, address: address)
        let publish = try Command(
            "publish", "chat", "message.new", #"{"n":1}"#, "--project", "p1", "--url", address,
            environment: ["TRIBUTARY_TOKEN": token]
        )
        let published = try await publish.exit()
        #expect(published.exitCode == 0, "\(published)")
        try await listen.wait(until: "it came") { $0.standardOutput.contains("message.new") }
        try await failure("publish", "chat", "x", "1", "--token", "a b", "--url", address, says: "--token")
        try await failure("publish", "chat", "x", "1", "--redis", "redis://h", "--token", "t", says: "exclude")
        for command in [listen, serve] {
            try await end(command)
            #expect(!command.output.standardError.contains(token))
        }
    }

    @Test func `an event for one user reaches that user alone`() async throws {
        let serve = try Command("serve", "--port", "0")
        let address = try await serve.address()
        let ada = try await listening("--user", "ada", address: address)
        let grace = try await listening("--user", "grace", address: address)
        for user in ["ada", "grace"] {
            let publish = try Command("publish", "chat", "for.\(user)", "1", "--to-user", user, "--url", address)
            #expect(try await publish.exit().exitCode == 0)
        }
        try await ada.wait(until: "hers came") { $0.standardOutput.contains("for.ada") }
        try await grace.wait(until: "hers came") { $0.standardOutput.contains("for.grace") }
        #expect(!ada.output.standardOutput.contains("for.grace"))
        #expect(!grace.output.standardOutput.contains("for.ada"))
        for command in [ada, grace, serve] { try await end(command) }
    }

    @Test func `listen is readable and without colour in a pipe`() async throws {
        let serve = try Command("serve", "--port", "0")
        let address = try await serve.address()
        let listen = try await listening("--channels", "chat", "--count", "1", address: address)
        let publish = try Command("publish", "chat", "typing.start", #"{"userId":"ada"}"#, "--url", address)
        #expect(try await publish.exit().exitCode == 0)
        #expect(try await listen.exit().exitCode == 0)
        let line = listen.output.standardOutput
        #expect(line.contains(#/^[0-9]{2}:[0-9]{2}:[0-9]{2} typing.start +ada is typing\n$/#), "\(line)")
        try await end(serve)
    }

    @Test func `a publish that cannot be is one line`() async throws {
        try await failure("publish", "chat", "x", "{", says: "not one JSON value")
        try await failure("publish", "chat", "x", "NaN", says: "not one JSON value")
        try await failure("publish", "chat", "connected", "1", says: "connected")
        try await failure("publish", "Chat!", "x", "1", says: "channel")
        try await failure("publish", "chat", "a\nb", "1", says: "event")
        try await failure("publish", "chat", "x", "1", "--project", "a b", says: "project_id")
        try await failure("publish", "chat", "x", "1", "--id", "0", says: "--id")
        try await failure("publish", "chat", "x", "1", "--id", "-1", says: "id")
        try await failure("publish", "chat", "x", "1", "--url", "nonsense", says: "--url")
        try await failure("publish", "chat", "x", "1", "--redis", "nonsense", says: "--redis")
        try await failure("publish", "chat", "x", "1", "--redis", "redis://h", "--url", "http://h", says: "exclude")
        try await failure("publish", "chat", says: "<event>")
        // Nobody listens on port 1.
        try await failure(
            "publish", "chat", "x", "1", "--url", "http://127.0.0.1:1", says: "Connection refused", code: 1)
        try await failure(
            "publish", "chat", "x", "1", "--redis", "redis://:secret@127.0.0.1:1", says: "127.0.0.1:1", code: 1
        )
    }

    @Test func `what the hub refuses ends both commands with its reason`() async throws {
        let serve = try Command("serve", "--port", "0")
        let address = try await serve.address()
        try await failure("publish", "nowhere", "x", "1", "--url", address, says: "nowhere", code: 1)
        try await failure("listen", "--channels", "nowhere", "--url", address, says: "nowhere", code: 1)
        try await failure("listen", "--channels", "No!", "--url", address, says: "channel")
        try await failure("listen", "--from", "-1", "--url", address, says: "from")
        try await failure("listen", "--count", "0", "--url", address, says: "--count")
        try await end(serve)
    }

    @Test func `listen goes on when the hub is back`() async throws {
        let first = try Command("serve", "--port", "0")
        let address = try await first.address()
        let port = try #require(address.split(separator: ":").last)
        let listen = try await listening("--channels", "chat", address: address)
        try await end(first)
        try await listen.wait(until: "it is cut") { $0.standardError.contains("trying again") }
        let second = try Command("serve", "--port", String(port))
        _ = try await second.address()
        try await listen.wait(until: "it is back") {
            $0.standardError.components(separatedBy: ": connected").count == 3
        }
        let publish = try Command("publish", "chat", "back", "1", "--url", address)
        #expect(try await publish.exit().exitCode == 0)
        try await listen.wait(until: "it came") { $0.standardOutput.contains(" back ") }
        for command in [listen, second] { try await end(command) }
    }
}

/// A `listen` that the hub has confirmed.
private func listening(_ arguments: String..., address: String) async throws -> Command {
    let listen = try Command(["listen", "--url", address] + arguments)
    try await listen.wait(until: "it is connected") { $0.standardError.contains("connected") }
    return listen
}
