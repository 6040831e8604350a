import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing
import TributaryTesting

@testable import TributaryRedis

@Suite struct RedisConnectionTests {
    @Test func `ten thousand pipelined commands are answered in order`() async throws {
        try await RedisServer.withServer { server in
            try await withConnection(server.url) { connection in
                let answers = await connection.send(
                    pipeline: (0..<10_000).map { RedisCommand("ECHO", .integer($0)) })
                #expect(answers.count == 10_000)
                for (index, answer) in answers.enumerated() {
                    guard try answer.get().string == "\(index)" else {
                        Issue.record("answer \(index) is \(answer)")
                        return
                    }
                }
            }
        }
    }

    @Test func `commands from many tasks each get their own answer`() async throws {
        try await RedisServer.withServer { server in
            try await withConnection(server.url) { connection in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<50 {
                        group.addTask {
                            for n in 0..<20 {
                                let answer = try await connection.send("ECHO", "\(task)/\(n)")
                                #expect(answer.string == "\(task)/\(n)")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `replies of every type arrive, errors are typed`() async throws {
        try await RedisServer.withServer { server in
            try await withConnection(server.url) { connection in
                let bytes = ByteBuffer(bytes: [0, 13, 10, 255])
                #expect(try await connection.send("SET", "k", .bytes(bytes)) == .simpleString("OK"))
                #expect(try await connection.send("GET", "k") == .bulkString(bytes))
                #expect(try await connection.send("GET", "none") == .null)
                #expect(try await connection.send("SET", "", "") == .simpleString("OK"))
                #expect(try await connection.send("GET", "").string == "")
                #expect(try await connection.send("INCR", "n") == .integer(1))
                let script: RedisArgument = "return {1, {redis.error_reply('ERR inner'), false}, 'x'}"
                let reply = try await connection.send("EVAL", script, "0")
                #expect(reply == .array([.integer(1), .array([.error("ERR inner"), .null]), .bulk("x")]))
                await #expect {
                    _ = try await connection.send("INCR", "k")
                } throws: { error in
                    guard case RedisError.server(code: "ERR", let message)? = error as? RedisError else { return false }
                    return message.contains("integer")
                }
                // The connection lives on.
                #expect(try await connection.send("PING") == .simpleString("PONG"))
            }
        }
    }

    @Test func `a reply over the limit ends the connection with an error that says so`() async throws {
        try await RedisServer.withServer { server in
            try await withConnection(server.url, configure: { $0.maximumReplyBytes = 10_000 }) { connection in
                _ = try await connection.send("SET", "k", .string(String(repeating: "x", count: 10_001)))
                await #expect(throws: RedisError.replyTooLarge(limit: 10_000)) { try await connection.send("GET", "k") }
                try await connection.closeFuture.get()
            }
        }
    }

    @Test func `user and password open the door`() async throws {
        let options = RedisServer.Options(configuration: ["user app on >p@ss:w0rd ~* &* +@all", "user default off"])
        try await RedisServer.withServer(options) { server in
            let address = "127.0.0.1:\(server.port)"
            try await withConnection("redis://app:p%40ss%3Aw0rd@\(address)/3") { connection in
                #expect(try await connection.send("ACL", "WHOAMI").string == "app")
                let client = try await connection.send("CLIENT", "LIST").string ?? ""
                #expect(client.contains(" db=3 ") && client.contains(" name=tributary "))
            }
            for url in ["redis://app:wrong@\(address)", "redis://:p%40ss@\(address)", "redis://\(address)"] {
                await #expect {
                    try await withConnection(url) { _ in }
                } throws: { error in
                    guard case RedisError.server(let code, _)? = error as? RedisError else { return false }
                    return code == "WRONGPASS" || code == "NOAUTH"
                }
            }
        }
    }

    @Test func `a user without the right to name itself or to ping is let in`() async throws {
        let options = RedisServer.Options(configuration: ["user app on >pw ~* &* +get"])
        try await RedisServer.withServer(options) { server in
            try await withConnection("redis://app:pw@127.0.0.1:\(server.port)") { connection in
                let answer = try await connection.send("GET", "x")
                #expect(answer == .null)
            }
        }
    }

    @Test func `the database is selected, an impossible one refused`() async throws {
        try await RedisServer.withServer { server in
            try await withConnection(server.url + "/2") { _ = try await $0.send("SET", "k", "in 2") }
            #expect(try await server.cli("-n", "2", "GET", "k") == "in 2\n")
            #expect(try await server.cli("GET", "k") == "\n")
            await #expect(throws: RedisError.self) { try await withConnection(server.url + "/99") { _ in } }
        }
    }

    @Test func `a Unix socket will do`() async throws {
        try await RedisServer.withServer { server in
            try await withConnection("unix://\(server.socketPath)?db=1") { connection in
                let answer = try await connection.send("PING")
                #expect(answer == .simpleString("PONG"))
            }
        }
    }

    @Test func `TLS is verified against the issuer`() async throws {
        try await withTLSServer(names: "DNS:localhost,IP:127.0.0.1") { server, certificate in
            let trusted = "ca_file=\(certificate.path)"
            for url in [
                "\(server.url)?\(trusted)", "rediss://localhost:\(server.port)?\(trusted)", "\(server.url)?verify=none",
            ] {
                try await withConnection(url) { connection in
                    let long = String(repeating: "x", count: 500_000)
                    let answer = try await connection.send("ECHO", .string(long))
                    #expect(answer.string == long)
                }
            }
            await #expect {
                try await withConnection(server.url) { _ in }
            } throws: { error in
                "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
            }
        }
    }

    @Test func `TLS is verified against the name`() async throws {
        try await withTLSServer(names: "DNS:cache.example.com") { server, certificate in
            let trusted = "ca_file=\(certificate.path)"
            for options in ["\(trusted)&server_name=cache.example.com", "\(trusted)&verify=ca", "verify=none"] {
                try await withConnection("\(server.url)?\(options)") { _ = try await $0.send("PING") }
            }
            for options in [trusted, "\(trusted)&server_name=other.example.com"] {
                await #expect(throws: RedisError.self) { try await withConnection("\(server.url)?\(options)") { _ in } }
            }
        }
    }

    private func withTLSServer(
        names: String,
        _ body: (RedisServer, Certificate) async throws -> Void
    ) async throws {
        try await Certificate.withCertificate(names: names) { certificate in
            let options = RedisServer.Options(tls: (certificate.path, certificate.keyPath))
            try await RedisServer.withServer(options) { try await body($0, certificate) }
        }
    }

    @Test func `nobody there is a clear error at once`() async throws {
        let port = try RedisServer.freePort()
        await #expect {
            try await withConnection("redis://127.0.0.1:\(port)") { _ in }
        } throws: { error in
            "\(error)" == "cannot connect to Redis: redis://127.0.0.1:\(port): Connection refused"
        }
        await #expect {
            try await withConnection("unix:///nowhere/redis.sock") { _ in }
        } throws: { error in
            "\(error)" == "cannot connect to Redis: unix:///nowhere/redis.sock: No such file or directory"
        }
    }

    @Test func `a server that accepts and never answers is given up`() async throws {
        try await FakeRedis.withServer(.silent) { server in
            await #expect {
                try await withConnection(server.url, configure: { $0.handshakeTimeoutMilliseconds = 200 }) { _ in }
            } throws: { error in
                if case RedisError.timeout? = error as? RedisError { true } else { false }
            }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{1}", "*9999999999\r\n", "$-5\r\n", ":1\r\n:2\r\n:3\r\n:4\r\n",
        "+PONG\r\n+PONG\r\n+PONG\r\n",
    ])
    func `a server that answers garbage is given up`(_ text: String) async throws {
        try await FakeRedis.withServer(.saying(Array(text.utf8))) { server in
            await #expect(throws: RedisError.self) {
                try await withConnection(server.url) { connection in try await connection.closeFuture.get() }
                throw RedisError.connectionLost("after the handshake")
            }
        }
    }

    @Test func `the reason of a refused connection is told`() async throws {
        try await FakeRedis.withServer(.saying(Array("-ERR max number of clients reached\r\n".utf8))) { server in
            await #expect(throws: RedisError.server(code: "ERR", message: "ERR max number of clients reached")) {
                try await withConnection(server.url) { _ in }
            }
        }
    }

    @Test func `a command in flight fails when the connection dies`() async throws {
        try await RedisServer.withServer { server in
            try await withConnection(server.url) { connection in
                let answer = connection.send(RedisCommand("BLPOP", "nothing", "0"))
                server.kill()
                await #expect {
                    try await answer.get()
                } throws: { error in
                    if case RedisError.connectionLost? = error as? RedisError { true } else { false }
                }
                await #expect(throws: RedisError.self) { try await connection.send("PING") }
            }
        }
    }

    @Test func `a command without an answer in time ends the connection`() async throws {
        try await RedisServer.withServer { server in
            try await withConnection(server.url, configure: { $0.commandTimeoutMilliseconds = 200 }) { connection in
                server.pause()
                await #expect(throws: RedisError.timeout("a command")) { try await connection.send("PING") }
                try await connection.closeFuture.get()
                server.resume()
            }
        }
    }

    @Test func `too many waiting commands are refused at once`() async throws {
        try await RedisServer.withServer { server in
            let small: (inout RedisConfiguration) -> Void = {
                $0.maximumPendingCommands = 10
                $0.commandTimeoutMilliseconds = 60_000
            }
            try await withConnection(server.url, configure: small) { connection in
                server.pause()
                let answers = (0..<15).map { connection.send(RedisCommand("ECHO", .integer($0))) }
                for answer in answers[10...] {
                    await #expect(throws: RedisError.overloaded) { try await answer.get() }
                }
                server.resume()
                for (index, answer) in answers[..<10].enumerated() {
                    let text = try await answer.get().string
                    #expect(text == "\(index)")
                }
            }
        }
    }

    @Test func `too many unsent bytes are refused at once`() async throws {
        try await RedisServer.withServer { server in
            let small: (inout RedisConfiguration) -> Void = {
                $0.maximumUnsentBytes = 1 << 20
                $0.commandTimeoutMilliseconds = 60_000
            }
            try await withConnection(server.url, configure: small) { connection in
                server.pause()
                // More than the kernel's buffers take, however it tunes them.
                let long = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 19)
                let refused = NIOLockedValueBox(0)
                let answers = (0..<160).map { _ in connection.send(RedisCommand("ECHO", .bytes(long))) }
                for answer in answers {
                    answer.whenFailure { error in
                        if error as? RedisError == .overloaded { refused.withLockedValue { $0 += 1 } }
                    }
                }
                try await eventually("commands are refused") { refused.withLockedValue { $0 > 0 } }
                server.resume()
                let first = try await answers[0].get()
                #expect(first == .bulkString(long))
            }
        }
    }

    @Test func `closing waits for the answers`() async throws {
        try await RedisServer.withServer { server in
            let configuration = try RedisConfiguration(url: server.url)
            let connection = try await RedisConnection.connect(
                configuration, on: MultiThreadedEventLoopGroup.singleton.any())
            let answers = (0..<1_000).map { connection.send(RedisCommand("ECHO", .integer($0))) }
            await connection.close()
            for (index, answer) in answers.enumerated() { #expect(try await answer.get().string == "\(index)") }
            await #expect(throws: RedisError.closed) { try await connection.send("PING") }
        }
    }

    @Test func `a client connects when it is needed, and again after a loss`() async throws {
        try await RedisServer.withServer { server in
            let client = try RedisClient(RedisConfiguration(url: server.url))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await client.send("PING") } }
                try await group.waitForAll()
            }
            #expect(try await server.cli("INFO", "clients").contains("connected_clients:2\r\n"))
            server.kill()
            await #expect(throws: RedisError.self) { for _ in 0..<3 { _ = try await client.send("PING") } }
            try await server.start()
            #expect(try await client.send("PING") == .simpleString("PONG"))
            await client.shutdown()
            await #expect(throws: RedisError.closed) { try await client.send("PING") }
        }
    }
}

/// Connects, runs `body`, and closes.
private func withConnection(
    _ url: String,
    configure: (inout RedisConfiguration) -> Void = { _ in },
    _ body: (RedisConnection) async throws -> Void
) async throws {
    var configuration = try RedisConfiguration(url: url)
    configure(&configuration)
    let connection = try await RedisConnection.connect(configuration, on: MultiThreadedEventLoopGroup.singleton.any())
    do {
        try await body(connection)
    } catch {
        await connection.close()
        throw error
    }
    await connection.close()
}
