import Foundation
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

/// `tributary_publish` as any Redis client calls it.
@Suite struct PublishFunctionTests {
    @Test func `bad input is refused by name and changes nothing`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                let long = String(repeating: "x", count: 257)
                let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                let cases: [(String, [String])] = [
                    ("syntax", []), ("syntax", ["chat"]), ("unknown_channel", ["nowhere", "message.new", "1"]),
                    ("missing_data", ["chat", "message.new"]), ("missing_data", ["chat", "message.new", " \n"]),
                    ("invalid_event", ["chat", "", "1"]), ("invalid_event", ["chat", long, "1"]),
                    ("invalid_event", ["chat", "a\nb", "1"]), ("invalid_event", ["chat", "a\u{7F}", "1"]),
                    ("reserved_event", ["chat", "gap", "1"]), ("reserved_event", ["chat", "message", "1"]),
                    ("invalid_id", ["chat", "message.new", "1", "ID", "0"]),
                    ("invalid_id", ["chat", "message.new", "1", "ID", "1.5"]),
                    ("invalid_id", ["chat", "message.new", "1", "ID", "nan"]),
                    ("invalid_id", ["chat", "message.new", "1", "ID", "0x1"]),
                    ("invalid_id", ["chat", "message.new", "1", "ID", "-1"]),
                    ("invalid_id", ["chat", "message.new", "1", "ID", "9007199254740992"]),
                    ("invalid_client_msg_id", ["chat", "message.new", "1", "CLIENT_MSG_ID", ""]),
                    ("invalid_client_msg_id", ["chat", "message.new", "1", "CLIENT_MSG_ID", long]),
                    ("invalid_recipient", ["chat", "message.new", "1", "TO", "u1"]),
                    ("invalid_recipient", ["chat", "message.new", "1", "TO", "user:"]),
                    ("invalid_recipient", ["chat", "message.new", "1", "TO", "user:\(long)"]),
                    ("invalid_recipient", ["chat", "message.new", "1", "TO", "user:a\tb"]),
                    ("invalid_recipient", ["chat", "message.new", "1", "TO", "user:a\u{2028}b"]),
                    ("invalid_sender", ["chat", "message.new", "1", "FROM", "u1"]),
                    ("invalid_sender", ["chat", "message.new", "1", "FROM", "user:"]),
                    ("invalid_sender", ["chat", "message.new", "1", "FROM", "user:a\tb"]),
                    ("invalid_traceparent", ["chat", "message.new", "1", "TRACEPARENT", "00-a-b-01"]),
                    ("syntax", ["chat", "message.new", "1", "FROM", "user:a", "FROM", "user:b"]),
                    ("syntax", ["chat", "message.new", "1", "TRACEPARENT", trace, "TRACEPARENT", trace]),
                    ("syntax", ["chat", "message.new", "1", "ID"]),
                    ("syntax", ["chat", "message.new", "1", "XX", "1"]),
                    ("syntax", ["chat", "message.new", "1", "ID", "1", "ID", "1"]),
                    ("too_large", ["chat", "message.new", "\"" + String(repeating: "x", count: 1 << 20) + "\""]),
                ]
                for (code, arguments) in cases {
                    let command = ["FCALL", "tributary_publish", "1", "{p1}"] + arguments
                    do {
                        _ = try await log.client.send(RedisCommand(arguments: command.map { .string($0) })).get()
                        Issue.record("\(code) expected of \(arguments.map { $0.prefix(30) })")
                    } catch RedisError.server(_, let message) {
                        #expect(message.hasPrefix("ERR \(code) "), "\(arguments.map { $0.prefix(30) })")
                    }
                }
                #expect(try await server.cli("DBSIZE") == "0\n")
                for key in ["p1", "{}", "{a}{b}", "x{p1}", "{p 1}", "{p1}x"] {
                    await #expect(throws: RedisError.self, "\(key)") {
                        try await log.client.send(
                            "FCALL", "tributary_publish", "1", .string(key), "chat", "message.new", "1")
                    }
                }
                await #expect(throws: RedisError.self) {
                    try await log.client.send("FCALL", "tributary_publish", "0", "chat", "message.new", "1")
                }
                #expect(try await server.cli("DBSIZE") == "0\n")
            }
        }
    }

    @Test func `data that is not one JSON value is refused, any other passed on`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                let bad = [
                    "{", "{\"a\":1}}", "1 2", "nul", "NaN", "Infinity", "-Infinity", "[01]", "[1.]", "[1.,2]", "0x10",
                    "\"a\nb\"", "{\"a\":\"\t\"}", "\"\\x\"", "'a'", "{a:1}", "[1,]", "\"a", "\u{1}1", "\"a\u{0}b\"",
                ]
                for data in bad {
                    #expect(try await log.refusal("chat", "message.new", data) == "malformed_data", "\(data)")
                }
                let good = [
                    "1", "-1.5e3", "\"\"", "null", "true", "[]", "{}", " [1 , 2.0]\r\n", "{\n\t\"a\": 1.5\n}", "\"1.\"",
                    "\"\\ud800\"", "\"\\\\u\"", "\"\\\\\\u0041\\n\"", "\"ä€😀\"", "\"\\\" 1. \\\" \"", "\"\u{7F}\"",
                ]
                for data in good { _ = try await log.call("chat", "message.new", data) }
                let entries = try await log.read().entries
                #expect(entries.count == good.count)
                for (entry, data) in zip(entries, good) {
                    let bytes = entry.envelope
                    let envelope = try bytes.withUnsafeReadableBytes { bytes in try Envelope.scan(bytes) }
                    let passed = String(buffer: bytes).utf8.dropFirst(envelope.data.lowerBound).prefix(
                        envelope.data.count)
                    #expect(String(passed) == data.trimmingCharacters(in: .whitespacesAndNewlines))
                }
                // Not UTF-8: cjson does not look.
                let broken = ByteBuffer(bytes: [0x22, 0xC3, 0x28, 0x22])
                await #expect(throws: RedisError.self) {
                    try await log.client.send(
                        "FCALL", "tributary_publish", "1", "{p1}", "chat", "message.new", .bytes(broken))
                }
            }
        }
    }

    @Test func `what the function takes for JSON is what the hub can read`() async throws {
        let nested = [253, 254, 255, 256, 257, 400].flatMap { depth in
            [("[", "]"), ("{\"a\":", "}")].map { open, close in
                let middle = open == "[" ? "" : "1"
                return String(repeating: open, count: depth) + middle + String(repeating: close, count: depth)
            }
        }
        let numbers = [
            "-.5", "[-.5]", "{\"a\":-.1}", "-.5e3", ".5", "+1", "-+1", "- 1", "--1", "1.", "-1.", "1.e5", "01", "-01",
            "00", "-0", "-0.0", "0x10", "-0x1", "0X1", "1e", "1e+", "1e5", "1E-5", "1.5.5", "Infinity", "-Infinity",
            "inf", "-inf", "nan", "NaN", "-nan", "1_0", "1 0", "-", "[1,-]", "[-.5,\"-.5\"]", "\"-.5\"",
            "\"a\\\"-.5\"", "{\"-.5\":1}", "1e400",
        ]
        let shapes = [
            "[1,]", "[,1]", "[1 2]", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}", "{1:2}", "{\"a\":1 \"b\":2}", "[]]",
            "{}}", "[", "tru", "truex", "nulll", "True", "\"a", "a\"", "1\u{0}", "1\u{0}x", "[1]\u{0}]", "\u{0}",
            "[1\u{0}]", "1\u{B}", "1\u{C}", "\u{A0}1", "\u{FEFF}1", "1\u{2028}", "1//x", "/**/1", "'a'", "[1\n,\t2\r]",
            "{\"a\":1,\"a\":2}",
        ]
        let strings = [
            "\"\u{1}\"", "\"\u{1F}\"", "\"\n\"", "\"\\\n\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud800\"",
            "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"\\/\"", "\"\\\\\"", "\"\\\"",
            "\"\\U0041\"", "\"\u{7F}\"",
        ]
        let bytes: [[UInt8]] = [
            [0x22, 0xC3, 0x28, 0x22], [0x22, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22], [0xFF], [0x31, 0xFF],
        ]
        let cases = (nested + numbers + shapes + strings).map { Array($0.utf8) } + bytes
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                for data in cases {
                    let envelope = Array("{\"event\":\"message.new\",\"data\":".utf8) + data + [0x7D]
                    let isReadable = envelope.withUnsafeBytes { (try? Envelope.scan($0)) != nil }
                    let argument = RedisArgument.bytes(ByteBuffer(bytes: data))
                    let reply = try? await log.client.send(
                        "FCALL", "tributary_publish", "1", "{p1}", "chat", "message.new", argument)
                    #expect((reply != nil) == isReadable, "\(String(decoding: data.prefix(40), as: UTF8.self))")
                }
            }
        }
    }

    @Test func `options come in any order and case, and the envelope says what they said`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                let user = "a{b}%:c\"d\\ é😀"
                let key = "k\"\\\n\u{1}{}é"
                let first = try await log.call(
                    "job", "job_started", "{}", "to", "user:\(user)", "Id", "7", "client_msg_id", key)
                #expect(first == .array([.integer(7), .integer(0)]))
                let entry = try #require(try await log.read().entries.first)
                #expect(entry.channel == .jobs)
                let envelope = try entry.envelope.withUnsafeReadableBytes { bytes in try Envelope.scan(bytes) }
                #expect(envelope.event.rawValue == "job_started")
                #expect(envelope.recipient?.rawValue == user)
                #expect(envelope.clientMessageID == key)
                #expect(envelope.placement?.position == LogPosition(high: 7))
                #expect(envelope.timestamp != nil)
                // The same key is another event's for another user, and on another channel.
                let again = try await log.call("jobs", "job.started", "2", "CLIENT_MSG_ID", key, "TO", "user:\(user)")
                #expect(again == .array([.integer(7), .integer(1)]))
                for (index, other) in ["a{b}%:c", "a{b}%25:c\"d\\ é😀", "x"].enumerated() {
                    let reply = try await log.call(
                        "jobs", "job.started", "1", "CLIENT_MSG_ID", key, "TO", "user:\(other)", "ID", "\(10 + index)")
                    #expect(reply == .array([.integer(Int64(10 + index)), .integer(0)]))
                }
                #expect(
                    try await log.call("chat", "message.new", "1", "CLIENT_MSG_ID", key, "ID", "20")
                        == .array([.integer(20), .integer(0)]))
            }
        }
    }

    @Test func `what the function takes for a traceparent is what the hub takes for one`() async throws {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
        let zeros = String(repeating: "0", count: 32)
        let good = [
            "00-\(trace)-\(span)-01", "cc-\(trace)-\(span)-00", "fe-\(zeros.dropLast())1-1\(zeros.prefix(15))-ff",
        ]
        let bad = [
            "", "00", "ff-\(trace)-\(span)-01", "00-\(zeros)-\(span)-01", "00-\(trace)-\(zeros.prefix(16))-01",
            "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01", "0A-\(trace)-\(span)-01",
            "00-\(trace)-\(span)-0A", "00-\(trace)-\(span)", "00-\(trace)-\(span)-01-x", "00-\(trace)-\(span)-01\n",
            "00-\(trace)0-\(span.dropLast())-01", "00-\(trace.dropLast())-\(span)0-01", "00-\(trace)-\(span)-01\u{0}",
            "0-0\(trace)-\(span)-01", "00_\(trace)-\(span)-01", "00-\(trace)\(span)-01-", "0\u{0}-\(trace)-\(span)-01",
            "00-\(trace.dropLast())g-\(span)-01", " 00-\(trace)-\(span)-01", "00-\(trace)-\(span.dropLast())\"-01",
        ]
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                for text in good + bad {
                    #expect((TraceParent(text) != nil) == good.contains(text), "\(text)")
                    let refusal = try await log.refusal("chat", "message.new", "1", "TraceParent", text)
                    #expect(refusal == (good.contains(text) ? nil : "invalid_traceparent"), "\(text)")
                }
                let kept = try await log.read().entries.map { entry in
                    try entry.envelope.withUnsafeReadableBytes { bytes in try Envelope.scan(bytes).traceparent }
                }
                #expect(kept == good)
            }
        }
    }

    @Test func `an ephemeral event has no id, and its key counts all the same`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                let plain = try await log.call("chat", "typing.start", "{}")
                let numbered = try await log.call("chat", "typing.start", "{}", "ID", "4")
                #expect([plain, numbered] == [.array([.null, .integer(0)]), .array([.null, .integer(0)])])
                #expect(try await server.cli("DBSIZE") == "0\n")
                let first = try await log.call("chat", "typing.start", "{}", "CLIENT_MSG_ID", "k")
                let second = try await log.call("chat", "typing.start", "{}", "CLIENT_MSG_ID", "k")
                #expect([first, second] == [.array([.null, .integer(0)]), .array([.null, .integer(1)])])
            }
        }
    }

    @Test func `what is durable is what the catalog says`() async throws {
        let catalog = try Catalog.test([
            "a": #"""
            "durable": true, "events": [{"name": "x.one", "durable": false, "replay": "x.again"}, {"name": "x.*"},
                {"name": "y.deep.*", "durable": false}, {"name": "y.deep.er.*", "durable": true, "aliases": ["z.*"]},
                {"name": "listed"}]
            """#,
            "b": #"""
            "durable": false, "aliases": ["bb"], "events": [{"name": "x.one", "durable": true, "aliases": ["one"]},
                {"name": "y.*", "durable": true}, {"name": "kept", "durable": true, "replay": "kept.again"}]
            """#,
            "c-1": #""durable": true"#,
        ])
        let names = [
            "x.one", "x.again", "x.two", "y.deep.x", "y.deep.er.x", "y.x", "z.x", "listed", "one", "kept", "kept.again",
            "other", "x", "x.", "y.", "é",
        ]
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server, catalog: catalog) { log in
                for (index, channel) in catalog.channels.enumerated() {
                    for name in names {
                        let reply = try await log.call(channel.name, name, "1")
                        let isDurable = reply.array?.first != .null
                        #expect(isDurable == catalog.isDurable(try EventName(name), in: index), "\(name) on \(channel)")
                    }
                }
            }
        }
    }

    @Test func `every key goes by itself, and lies in the project's slot`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server, prefix: "staging") { log in
                for id in [5, 9, 7] as [UInt64] {
                    try await log.publish(id: id, to: "u{1}", key: "k\(id)")
                    try await log.publish(.jobs, "job.started", id: id + 20)
                }
                _ = try await log.log.listen(to: [.chat], of: log.project, as: "me").get()
                let keys = try await server.cli("KEYS", "*").split(separator: "\n").map(String.init)
                #expect(keys.count == 8)
                for key in keys {
                    #expect(key.hasPrefix("staging:{p1}:"))
                    let left = Int(try await server.cli("TTL", key).dropLast()) ?? 0
                    #expect(left > 86_000, "\(key)")
                }
                let meta = Int(try await server.cli("TTL", "staging:{p1}:meta").dropLast()) ?? 0
                let chat = Int(try await server.cli("TTL", "staging:{p1}:log:chat").dropLast()) ?? 0
                #expect(meta > chat + 86_400)
            }
        }
    }
}
