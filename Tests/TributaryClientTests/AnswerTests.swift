import NIOConcurrencyHelpers
import Testing
import TributaryClient
import TributaryProtocol

/// What the client makes of each answer other than an ordinary stream.
@Suite(.timeLimit(.minutes(1))) struct AnswerTests {
    /// Answers the first request by `script`, the others with a stream of one event.
    ///
    /// - Returns: the statuses that the client went through, its errors, and the requests.
    private func run(
        configuration: TributaryClientConfiguration = .quick,
        token: (@Sendable () async throws -> String?)? = nil,
        _ script: @escaping HostileServer.Script
    ) async throws -> (statuses: [ConnectionStatus], errors: [TributaryClientError], requests: [HostileRequest]) {
        try await HostileServer.run { connection in
            try await script(connection)
        } _: { server in
            let client = try TributaryClient(url: server.url, token: token, configuration: configuration)
            let statuses = Recorder<ConnectionStatus>()
            let errors = Recorder<TributaryClientError>()
            client.onStatusChange { statuses.append($0) }
            client.onError { errors.append($0) }
            client.onEveryEvent { [weak client] event in if event.name == "test.end" { client?.close() } }
            do {
                try await client.run()
            } catch let error as TributaryClientError {
                errors.append(error)
            }
            return (statuses.values, errors.values, server.requests)
        }
    }

    private static func good(_ connection: HostileConnection) async throws {
        try await connection.stream(Frame.connected(), Frame.end)
        connection.hang()
    }

    @Test(arguments: ["text/html", "application/json", nil])
    func `a wrong content type is told, and tried again`(type: String?) async throws {
        let seen = try await run { connection in
            if connection.number > 0 { return try await Self.good(connection) }
            let headers = type.map { ["Content-Type: \($0)"] } ?? []
            try await connection.answer("200 OK", headers: headers, body: Frame.end)
        }
        guard case .wrongContentType(type)? = seen.errors.first, seen.errors.count == 1 else {
            Issue.record("\(seen.errors)")
            return
        }
        #expect(seen.requests.count == 2)
        guard case .reconnecting(1, _) = seen.statuses[1] else { Issue.record("\(seen.statuses)"); return }
    }

    @Test func `429 waits for what Retry-After says`() async throws {
        let seen = try await run { connection in
            if connection.number > 0 { return try await Self.good(connection) }
            try await connection.answer("429 Too Many Requests", headers: ["Retry-After: 1"])
        }
        #expect(
            seen.statuses == [.connecting, .limited(retryAfter: .seconds(1)), .connecting, .connected, .disconnected]
        )
    }

    @Test func `204 ends the client without an error`() async throws {
        let seen = try await run { try await $0.answer("204 No Content") }
        #expect(seen.statuses == [.connecting, .closed(reason: .noContent)])
        #expect(seen.errors.isEmpty)
        #expect(seen.requests.count == 1)
    }

    @Test(arguments: ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
    func `redirects are followed each time anew`(status: String) async throws {
        let seen = try await run { connection in
            switch (connection.number, connection.request.path) {
            case (_, "/stream"):
                try await connection.answer(status, headers: ["Location: /elsewhere?a=b"])
            case (1, "/elsewhere"):
                try await connection.stream(Frame.connected(), "id: 7\ndata: x\n\n")
            default:
                try await Self.good(connection)
            }
        }
        #expect(seen.requests.map(\.path) == ["/stream", "/elsewhere", "/stream", "/elsewhere"])
        #expect(seen.requests[1].query == ["a": "b"])
        #expect(seen.requests[3].headers["last-event-id"] == "7")
    }

    @Test func `a loop of redirects is left, and tried again`() async throws {
        let seen = try await run { connection in
            if connection.number > 5 { return try await Self.good(connection) }
            try await connection.answer("307 Temporary Redirect", headers: ["Location: /stream"])
        }
        guard case .badRedirect? = seen.errors.first else { Issue.record("\(seen.errors)"); return }
        #expect(seen.requests.count == 7)
    }

    @Test func `a redirect to another origin gets no token`() async throws {
        try await HostileServer.run {
            try await Self.good($0)
        } _: { other in
            let seen = try await run(token: { "secret" }) { connection in
                try await connection.answer("307 Temporary Redirect", headers: ["Location: \(other.url)/stream"])
            }
            #expect(seen.requests[0].headers["authorization"] == "Bearer secret")
            #expect(other.requests.count == 1)
            #expect(other.requests[0].headers["authorization"] == nil)
        }
    }

    @Test(arguments: ["500 Oops", "502 Bad Gateway", "503 Unavailable", "408 Request Timeout"])
    func `passing troubles are tried again`(status: String) async throws {
        let seen = try await run { connection in
            if connection.number > 1 { return try await Self.good(connection) }
            try await connection.answer(status, body: "<html>no JSON</html>")
        }
        #expect(seen.requests.count == 3)
        #expect(seen.errors.count == 2)
    }

    @Test(arguments: [400, 404, 410, 431])
    func `a refusal stops the client, which tells the hub's reason`(status: Int) async throws {
        let seen = try await run { connection in
            try await connection.answer("\(status) No", body: #"{"error":"unknown_channel","message":"ask for chat"}"#)
        }
        let refusal = HTTPRefusal(status: status, code: "unknown_channel", message: "ask for chat")
        #expect(seen.statuses.last == .closed(reason: .refused(refusal)))
        #expect(seen.requests.count == 1)
        guard case .refused(refusal)? = seen.errors.last else { Issue.record("\(seen.errors)"); return }
    }

    @Test func `403 stops the client`() async throws {
        let seen = try await run(token: { "t" }) { try await $0.answer("403 Forbidden") }
        #expect(seen.statuses.last == .authFailed)
        #expect(seen.requests.count == 1)
    }

    @Test func `a 401 is answered with a new token`() async throws {
        let tokens = NIOLockedValueBox(0)
        let seen = try await run(token: {
            tokens.withLockedValue {
                $0 += 1; return "t\($0)"
            }
        }) { connection in
            if connection.number > 0 { return try await Self.good(connection) }
            try await connection.answer("401 Unauthorized")
        }
        #expect(seen.requests.map { $0.headers["authorization"] } == ["Bearer t1", "Bearer t2"])
        #expect(seen.errors.isEmpty)
        #expect(seen.statuses == [.connecting, .connected, .disconnected])
    }

    @Test func `a second 401 is the end`() async throws {
        let tokens = NIOLockedValueBox(0)
        let seen = try await run(token: {
            tokens.withLockedValue {
                $0 += 1; return "t\($0)"
            }
        }) { connection in
            try await connection.answer("401 Unauthorized")
        }
        #expect(seen.requests.count == 2)
        #expect(seen.statuses.last == .authFailed)
        #expect(tokens.withLockedValue { $0 } == 2)
    }

    @Test func `a token is kept across cuts, and asked for again after auth_expired`() async throws {
        let tokens = NIOLockedValueBox(0)
        let seen = try await run(token: {
            tokens.withLockedValue {
                $0 += 1; return "t\($0)"
            }
        }) { connection in
            switch connection.number {
            case 0: try await connection.stream(Frame.connected())
            case 1:
                try await connection.stream(
                    Frame.connected(), Frame.serverClose("auth_expired", reconnect: true, retryMilliseconds: 1)
                )
            default: try await Self.good(connection)
            }
        }
        #expect(seen.requests.map { $0.headers["authorization"] } == ["Bearer t1", "Bearer t1", "Bearer t2"])
    }

    @Test func `a token closure that throws is asked again after a while`() async throws {
        struct Offline: Error {}
        let tokens = NIOLockedValueBox(0)
        let seen = try await run(
            token: {
                if tokens.withLockedValue({
                    $0 += 1; return $0
                }) == 1 {
                    throw Offline()
                } else {
                    "t"
                }
            }
        ) { try await Self.good($0) }
        guard case .tokenUnavailable(let cause)? = seen.errors.first, cause is Offline else {
            Issue.record("\(seen.errors)")
            return
        }
        #expect(seen.requests.count == 1)
    }

    @Test func `random bytes in place of HTTP are tried again`() async throws {
        var generator = SystemRandomNumberGenerator()
        let garbage = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let seen = try await run { connection in
            if connection.number > 0 { return try await Self.good(connection) }
            try await connection.send(garbage)
        }
        #expect(seen.requests.count == 2)
        #expect(seen.errors.count == 1)
    }
}
