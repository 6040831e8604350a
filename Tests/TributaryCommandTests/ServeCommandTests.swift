import Foundation
import Testing

@testable import tributary

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// `tributary serve` as a process of its own.
@Suite struct ServeCommandTests {
    @Test func `it says where it listens and the two commands to try`() async throws {
        let serve = try Command("serve", "--port", "0")
        let address = try await serve.address()
        let lines = serve.output.standardOutput.split(separator: "\n").map(String.init)
        #expect(lines.contains("  curl -N '\(address)/stream?channels=chat,jobs'"))
        #expect(
            lines.contains { $0.hasSuffix(#"tributary publish chat message.new '{"text":"hello"}' --url \#(address)"#) }
        )
        #expect(lines.contains { $0.contains("No authentication") })
        try await end(serve)
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `it drains and ends with 0`(_ signal: Int32) async throws {
        let serve = try Command("serve", "--port", "0", "--drain-seconds", "1")
        let address = try await serve.address()
        let listen = try Command("listen", "--url", address)
        try await listen.wait(until: "it is connected") { $0.standardError.contains("connected") }
        serve.signal(signal)
        try await listen.wait(until: "it is sent away") { $0.standardOutput.contains("server_close") }
        #expect(try await serve.exit().exitCode == 0)
        try await end(listen)
    }

    @Test func `a second signal ends it at once`() async throws {
        // With so long a drain, one of several streams stays until the second signal.
        let serve = try Command("serve", "--port", "0", "--drain-seconds", "600")
        let address = try await serve.address()
        let streams = try (0..<4).map { _ in try Command("listen", "--url", address) }
        for stream in streams {
            try await stream.wait(until: "it is connected") { $0.standardError.contains("connected") }
        }
        serve.signal(SIGTERM)
        try await serve.wait(until: "it drains") { $0.standardError.contains("draining") }
        #expect(serve.output.exitCode == nil)
        serve.signal(SIGTERM)
        #expect(try await serve.exit().exitCode == 128 + SIGTERM)
        for stream in streams { try await end(stream) }
    }

    @Test func `the environment and the file configure it, the command line wins`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString).json")
        try #"{"node": "from-file", "heartbeat-seconds": 7}"#.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let serve = try Command(
            "serve", "--port", "0", "--config", file.path,
            environment: ["TRIBUTARY_PORT": "1", "TRIBUTARY_NODE": "from-environment"]
        )
        let address = try await serve.address()
        #expect(serve.output.standardOutput.contains("node from-environment"))
        let listen = try Command("listen", "--url", address, "--json")
        try await listen.wait(until: "it is connected") { $0.standardError.contains("connected") }
        try await end(listen)
        try await end(serve)
    }

    @Test func `a port in use is one line`() async throws {
        let first = try Command("serve", "--port", "0")
        let port = try #require(try await first.address().split(separator: ":").last)
        try await failure("serve", "--port", String(port), says: "port \(port) on 127.0.0.1 is in use", code: 1)
        try await end(first)
    }

    @Test func `what cannot be used is one line`() async throws {
        try await failure("serve", "--redis", "http://h", says: "--redis: ")
        try await failure("serve", "--redis", "nonsense", says: "--redis: ")
        try await failure("serve", "--catalog", "/no/such/file", says: "/no/such/file: cannot be read: no such file")
        try await failure("serve", "--hostname", "0.0.0.0", "--port", "0", says: "--auth none", code: 1)
        try await failure("serve", "--hostname", "no-such-host.invalid", says: "no-such-host.invalid", code: 1)
        try await failure("serve", "--no-such-option", says: "--no-such-option")
        try await failure("serve", environment: ["TRIBUTARY_NO_SUCH": "1"], says: "TRIBUTARY_NO_SUCH is not known")
        try await failure("no-such-command", says: "no-such-command")
    }

    @Test func `a catalog that is none says what is wrong with it`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let cases = [
            ("{", "not JSON"), ("{}", "has no \"version\""),
            (#"{"version":2,"channels":[]}"#, "catalog version 2 is not 1"),
            (#"{"version":1,"channels":[{"name":3,"durable":true,"events":[]}]}"#, "channels.0.name is not text"),
            (#"{"version":1,"channels":[{"name":"A","durable":true,"events":[]}]}"#, "not a valid channel"),
        ]
        for (content, cause) in cases {
            try content.write(to: file, atomically: true, encoding: .utf8)
            try await failure("serve", "--catalog", file.path, says: "\(file.path): \(cause)")
        }
    }

    @Test func `a Redis that does not answer is said and waited for`() async throws {
        // Nobody listens on port 1.
        let serve = try Command("serve", "--port", "0", "--redis", "redis://user:secret@127.0.0.1:1")
        let address = try await serve.address()
        try await serve.wait(until: "it says so") { $0.standardError.contains("127.0.0.1:1") }
        let (_, ready) = try await URLSession.shared.data(from: try #require(URL(string: "\(address)/readyz")))
        #expect((ready as? HTTPURLResponse)?.statusCode == 503)
        let publish = try Command("publish", "chat", "x", "1", "--url", address)
        #expect(try await publish.exit().exitCode == 1)
        #expect(publish.output.standardError.contains("503"))
        try await end(serve)
        let said = serve.output.standardOutput + serve.output.standardError
        #expect(!said.contains("secret"))
    }

    @Test func `the demo reaches whoever listens`() async throws {
        let serve = try Command("serve", "--port", "0", "--demo")
        let address = try await serve.address()
        let listen = try Command("listen", "--url", address, "--count", "3")
        #expect(try await listen.exit().exitCode == 0)
        #expect(listen.output.standardOutput.split(separator: "\n").count == 3)
        try await end(serve)
    }

    @Test func `help explains every option and the version answers`() async throws {
        let help = try await Command("serve", "--help").exit()
        #expect(help.exitCode == 0)
        // The help is wrapped, so that only words without spaces can be looked for.
        for setting in Setting.all {
            #expect(help.standardOutput.contains("--\(setting.name)"))
            #expect(help.standardOutput.contains(setting.environmentName))
        }
        let all = try await Command("--help").exit()
        for name in ["serve", "publish", "listen"] { #expect(all.standardOutput.contains(name)) }
        #expect(try await Command("--version").exit().standardOutput == "\(Tributary.version)\n")
    }
}

// MARK: - Helpers

/// Ends a command by SIGTERM, which is a success.
func end(_ command: Command, location: SourceLocation = #_sourceLocation) async throws {
    command.signal(SIGTERM)
    #expect(try await command.exit(location: location).exitCode == 0, sourceLocation: location)
}

/// Runs a command that has to fail with one line on standard error, and nothing on standard output.
func failure(
    _ arguments: String..., environment: [String: String] = [:], says text: String, code: Int32 = 64,
    location: SourceLocation = #_sourceLocation
) async throws {
    let output = try await Command(arguments, environment: environment).exit(location: location)
    #expect(output.exitCode == code, "\(output)", sourceLocation: location)
    #expect(output.standardError.contains(text), "\(output)", sourceLocation: location)
    #expect(output.standardError.split(separator: "\n").count == 1, "\(output)", sourceLocation: location)
    #expect(output.standardError.hasPrefix("tributary: "), "\(output)", sourceLocation: location)
    #expect(output.standardOutput.isEmpty, "\(output)", sourceLocation: location)
}
