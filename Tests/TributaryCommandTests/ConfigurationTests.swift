import ArgumentParser
import Foundation
import Logging
import Testing
import TributaryCore
import TributaryServer

@testable import tributary

@Suite struct ConfigurationTests {
    @Test func `nothing given is the defaults`() throws {
        #expect(try options() == ServeOptions())
    }

    @Test func `the command line wins over the environment and the environment over the file`() throws {
        let file = try temporaryFile(#"{"port": 1, "node": "file", "log-level": "debug"}"#)
        defer { remove(file) }
        let options = try options(["port": "3"], ["TRIBUTARY_PORT": "2", "TRIBUTARY_NODE": "environment"], file)
        #expect(options.port == 3)
        #expect(options.node == "environment")
        #expect(options.logLevel == .debug)
    }

    @Test func `the environment can name the file and the flag names another`() throws {
        let first = try temporaryFile(#"{"port": 1}"#)
        let second = try temporaryFile(#"{"port": 2}"#)
        defer { [first, second].forEach(remove) }
        #expect(try options(environment: ["TRIBUTARY_CONFIG": first]).port == 1)
        #expect(try options([:], ["TRIBUTARY_CONFIG": first], second).port == 2)
    }

    /// For each setting: a value that differs from the default, as text.
    static let samples: [String: String] = [
        "hostname": "::1", "port": "9", "redis": "redis://r", "redis-prefix": "x", "probe-seconds": "11",
        "data": "d.sqlite", "catalog": "c.json", "auth": "none", "heartbeat-seconds": "6", "linger-seconds": "7",
        "tail-bytes": "65536", "authorize-url": "http://localhost:9/a", "authorize-secret": "0123456789abcdef",
        "replay-limit": "50",
        "tls-cert": "c.pem", "tls-key": "k.pem", "trusted-proxies": "127.0.0.1,10.0.0.0/8", "proxy-protocol": "true",
        "admin-port": "16", "admin-hostname": "::1",
        "admin-token": "0123456789abcdef", "max-streams": "12", "max-streams-per-user": "13", "over-limit": "reject",
        "jwt-secret": String(repeating: "s", count: 32), "jwt-keys": (try? keyFile.get()) ?? "",
        "jwt-jwks-url": "https://id.example.com/keys", "jwt-audience": "hub", "jwt-issuer": "us",
        "jwt-cookie": "session",
        "max-streams-per-address": "14", "connects-per-second-per-address": "15",
        "cors-origins": "https://app.example",
        "signature-secret": "0123456789abcdef0123456789abcdef",
        "signature-previous-secret": "fedcba9876543210fedcba9876543210", "signature-compatibility": "true",
        "signature-header": "X-A", "signature-timestamp-header": "X-B", "signature-user-header": "X-C",
        "publisher-token": "fedcba9876543210", "publisher-previous-token": "0123456789abcdef",
        "publish-rate-per-user": "16", "publish-rate-per-address": "17", "publish-rate-per-project": "18",
        "max-stream-age-seconds": "16",
        "drain-seconds": "8", "threads": "1000", "node": "n", "log-level": "trace", "log-format": "json",
        "demo": "true",
    ]

    /// What a setting stands beside, because it means nothing alone.
    static func company(of name: String) -> [String: String] {
        guard name.hasPrefix("jwt-") else { return [:] }
        return ["auth": "jwt"].merging(["jwt-secret", "jwt-keys", "jwt-jwks-url"].contains(name) ? [:] : secret) { $1 }
    }

    private static let secret = ["jwt-secret": String(repeating: "k", count: 32)]

    /// A public key in a file, written once for all tests here.
    static let keyFile = Result {
        try temporaryFile(
            """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
            -----END PUBLIC KEY-----
            """
        )
    }

    @Test(arguments: Setting.all) func `each setting comes in through each source`(_ setting: Setting) throws {
        let sample = try #require(Self.samples[setting.name], "a new setting needs a sample here")
        let company = Self.company(of: setting.name)
        let written = setting.kind == .text ? "\"\(sample)\"" : sample
        let others = company.map { ", \"\($0)\": \"\($1)\"" }.joined()
        let file = try temporaryFile("{\"\(setting.name)\": \(written)\(others)}")
        defer { remove(file) }
        let changed = try options(company.merging([setting.name: sample]) { $1 })
        let unchanged = company.count > 1 ? try options(company) : ServeOptions()
        #expect(changed != unchanged)
        let variables = company.merging([setting.name: sample]) { $1 }.map { name, value in
            ("TRIBUTARY_" + name.uppercased().replacing("-", with: "_"), value)
        }
        #expect(try options(environment: Dictionary(uniqueKeysWithValues: variables)) == changed)
        #expect(try options(file: file) == changed)
        // And as ArgumentParser reads it.
        let flag = setting.kind == .flag ? ["--\(setting.name)"] : ["--\(setting.name)", sample]
        let serve = try #require(try Tributary.parseAsRoot(["serve"] + flag) as? Serve)
        #expect(serve.settings.values == [setting.name: sample])
    }

    @Test func `a flag of the command line turns off what the environment turned on`() throws {
        let serve = try #require(try Tributary.parseAsRoot(["serve", "--no-demo"]) as? Serve)
        #expect(try !options(serve.settings.values, ["TRIBUTARY_DEMO": "true"]).demo)
    }

    @Test(arguments: ["1", "yes", "true", "TRUE"]) func `the environment says yes in several words`(_ yes: String)
        throws
    {
        #expect(try options(environment: ["TRIBUTARY_DEMO": yes]).demo)
    }

    @Test func `an empty variable counts as not set, even an unknown one`() throws {
        #expect(try options(environment: ["TRIBUTARY_PORT": "", "TRIBUTARY_X": "", "OTHER": "x"]) == ServeOptions())
    }

    @Test func `variables of the other commands are not errors`() throws {
        #expect(try options(environment: ["TRIBUTARY_URL": "http://h"]) == ServeOptions())
    }

    @Test func `a data file and Redis exclude each other, wherever each comes from`() {
        let conflict = message { try options(["data": "d.sqlite"], ["TRIBUTARY_REDIS": "redis://h"]) }
        #expect(conflict?.hasPrefix("data and redis exclude each other") == true)
    }

    @Test func `unknown names are errors that name the source and what was meant`() throws {
        #expect(
            message { try options(environment: ["TRIBUTARY_PROT": "1"]) }
                == "environment: TRIBUTARY_PROT is not known; did you mean TRIBUTARY_PORT?")
        let file = try temporaryFile(#"{"portt": 1}"#)
        defer { remove(file) }
        #expect(message { try options(file: file) } == "\(file): portt is not known; did you mean port?")
        #expect(throws: (any Error).self) { try Tributary.parseAsRoot(["serve", "--prot", "1"]) }
    }

    @Test func `a wrong value is one line that names its source`() throws {
        let file = try temporaryFile(#"{"port": "80", "demo": 1}"#)
        defer { remove(file) }
        #expect(message { try options(["port": "x"]) } == #"--port: "x" is not a whole number"#)
        #expect(message { try options(["port": "65536"]) } == #"--port: "65536" is not a whole number from 0 to 65535"#)
        #expect(
            message { try options(environment: ["TRIBUTARY_PORT": "-1"]) }
                == #"TRIBUTARY_PORT: "-1" is not a whole number from 0 to 65535"#)
        #expect(message { try options(file: file) } == #"\#(file): port: "80" is not a whole number"#)
        #expect(
            message { try options(["auth": "maybe"]) }
                == #"--auth: "maybe" is not one of none, jwt, signature, application"#)
        #expect(
            message { try options(environment: ["TRIBUTARY_DEMO": "maybe"]) }
                == #"TRIBUTARY_DEMO: "maybe" is not true or false"#)
        #expect(
            message { try options(["log-level": "loud"]) }?.hasPrefix(#"--log-level: "loud" is not one of trace,"#)
                == true)
        #expect(
            message { try options(["node": "a b"]) }
                == #"--node: "a b" is not 1 to 128 characters of A-Z a-z 0-9 . _ : -"#)
        #expect(message { try options(["hostname": ""]) } == #"--hostname: "" is not at least one character"#)
    }

    @Test(arguments: [("heartbeat-seconds", 5...60), ("port", 0...65_535), ("tail-bytes", 65_536...1 << 30)])
    func `both ends of a range are within it`(_ name: String, _ range: ClosedRange<Int>) throws {
        for inside in [range.lowerBound, range.upperBound] { _ = try options([name: String(inside)]) }
        for outside in [range.lowerBound - 1, range.upperBound + 1] {
            #expect(throws: ConfigurationError.self) { try options([name: String(outside)]) }
        }
    }

    @Test func `limits reach the hub, and 0 is none`() throws {
        let standard = HubConfiguration(try options(), node: "n")
        #expect(standard.streamLimit == StreamLimit(maximum: 5, policy: .evict))
        #expect(standard.maximumStreamsPerAddress == 1_000 && standard.acceptsPerSecondPerAddress == 200)
        #expect(standard.maximumStreamAgeMilliseconds == nil)
        let given = HubConfiguration(
            try options([
                "max-streams": "12", "max-streams-per-user": "13", "over-limit": "reject",
                "max-streams-per-address": "14",
                "connects-per-second-per-address": "15", "max-stream-age-seconds": "16",
            ]),
            node: "n"
        )
        #expect(given.maximumStreams == 12 && given.streamLimit == StreamLimit(maximum: 13, policy: .reject))
        #expect(given.maximumStreamsPerAddress == 14 && given.acceptsPerSecondPerAddress == 15)
        #expect(given.maximumStreamAgeMilliseconds == 16_000)
        let none = HubConfiguration(
            try options([
                "max-streams-per-user": "0", "max-streams-per-address": "0", "connects-per-second-per-address": "0",
            ]),
            node: "n"
        )
        #expect(none.streamLimit.maximum == nil && none.maximumStreamsPerAddress == nil)
        #expect(none.acceptsPerSecondPerAddress == nil)
        #expect(message { try options(["max-streams": "0"]) }?.hasPrefix("--max-streams: ") == true)
        #expect(
            message { try options(["over-limit": "ignore"]) } == #"--over-limit: "ignore" is not one of evict, reject"#)
    }

    @Test(arguments: [(1_048_576, 995_891), (20_000, 18_744), (1_024, 716), (256, 128), (1, 1)])
    func `streams leave some of the open files to everything else`(_ files: Int, _ streams: Int) {
        #expect(HubConfiguration.streams(within: files) == streams)
    }

    @Test(arguments: [(1_048_576, 1_048_440), (20_000, 19_864), (1_024, 888), (256, 128), (1, 1)])
    func `connections leave some of the open files to everything else`(_ files: Int, _ connections: Int) {
        #expect(ServerConfiguration.connections(within: files, threads: 2) == connections)
    }

    @Test(arguments: ["short", "0123456789abcde", "0123456789 abcdef", "0123456789abcdefé", ""])
    func `an admin token that cannot be one is refused without being shown`(_ text: String) throws {
        guard let message = message({ try options(["admin-token": text]) }) else {
            Issue.record("\(text) was accepted")
            return
        }
        #expect(message == "--admin-token: a token is 16 to 1024 visible ASCII characters")
        #expect(!"\(try options(["admin-token": "0123456789abcdef"]))".contains("0123456789abcdef"))
    }

    @Test func `tokens need a key to verify them with, and keys need tokens to be asked for`() throws {
        let secret = String(repeating: "s", count: 32)
        let keyFile = try Self.keyFile.get()
        #expect(
            message { try options(["auth": "jwt"]) }
                == "auth: jwt needs a key to verify tokens with: give jwt-secret, jwt-keys or jwt-jwks-url")
        for (name, value) in [
            ("jwt-secret", secret), ("jwt-keys", keyFile), ("jwt-jwks-url", "https://h/"), ("jwt-audience", "a"),
            ("jwt-issuer", "i"), ("jwt-cookie", "c"),
        ] {
            for auth in [[:], ["auth": "none"]] {
                let text = try #require(message { try options([name: value].merging(auth) { $1 }) })
                #expect(text == "\(name) is given, and nobody is asked for a token: add --auth jwt, or leave it out")
            }
        }
        #expect(try options(["auth": "jwt", "jwt-secret": "\(secret),\(secret)x"]).jwt.secrets.count == 2)
    }

    @Test func `a secret or keys that cannot be used say why, without being shown`() throws {
        for (text, part) in [
            ("hunter2", "32 bytes or more"), (String(repeating: "a", count: 31), "32 bytes"),
            ("hunter2,\(String(repeating: "a", count: 32))", "a comma stands between two"),
            ("a,b,c", "two secrets at most"), ("-----BEGIN PUBLIC KEY-----", "--jwt-keys"),
        ] {
            let message = try #require(message { try options(["auth": "jwt", "jwt-secret": text]) })
            #expect(message.hasPrefix("--jwt-secret: ") && message.contains(part) && !message.contains("hunter2"))
        }
        let file = try temporaryFile("hunter2")
        defer { remove(file) }
        for (path, part) in [(file, "holds neither PEM"), ("/no/such/file", "no such file"), ("/", "a directory")] {
            let message = try #require(message { try options(["auth": "jwt", "jwt-keys": path]) })
            #expect(message.hasPrefix("--jwt-keys: \(path): ") && message.contains(part))
            #expect(!message.contains("hunter2"))
        }
        for url in ["http://id.example.com/?key=hunter2", "hunter2"] {
            let message = try #require(message { try options(["auth": "jwt", "jwt-jwks-url": url]) })
            #expect(message.hasPrefix("--jwt-jwks-url: give an https:// URL") && !message.contains("hunter2"))
        }
        let cookie = message { try options(["auth": "jwt", "jwt-cookie": "a b"]) }
        #expect(cookie == #"--jwt-cookie: "a b" is not a cookie's name"#)
    }

    @Test func `a password in a URL is not shown`() throws {
        let text = try #require(message { try options(["redis": "http://u:secret@h"]) })
        #expect(!text.contains("secret"))
        #expect(text.hasPrefix("--redis: "))
    }

    @Test(arguments: [
        ("[]", "is not an object"), ("{", "not JSON"), ("", "not JSON"), (#"{"port": null}"#, "port"),
        (#"{"port": [1]}"#, "port"), (#"{"port": true}"#, "port"), (#"{"port": 1.5}"#, "port"),
        (#"{"demo": "yes"}"#, "demo"),
    ]) func `a file that cannot be used says why`(_ content: String, _ cause: String) throws {
        let file = try temporaryFile(content)
        defer { remove(file) }
        let text = try #require(message { try options(file: file) })
        #expect(text.hasPrefix("\(file): \(cause)"))
        #expect(!text.contains("\n"))
    }

    @Test func `a file that is not there says so`() {
        #expect(message { try options(file: "/no/such/file") } == "/no/such/file: cannot be read: no such file")
        #expect(message { try options(file: "/") } == "/: cannot be read: it is a directory")
    }
}

// MARK: - Helpers

private func options(
    _ arguments: [String: String] = [:], _ environment: [String: String] = [:], _ file: String? = nil
) throws -> ServeOptions {
    try ServeOptions(arguments: arguments, environment: environment, configPath: file)
}

private func options(environment: [String: String]) throws -> ServeOptions { try options([:], environment) }

private func options(file: String) throws -> ServeOptions { try options([:], [:], file) }

/// What a ``ConfigurationError`` says.
private func message(_ body: () throws -> ServeOptions) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? ConfigurationError)?.description
    }
}

private func temporaryFile(_ content: String) throws -> String {
    let url = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString).json")
    try content.write(to: url, atomically: true, encoding: .utf8)
    return url.path
}

private func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
}
