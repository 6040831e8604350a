import Foundation
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// What clients do to a connection that they should not.
@Suite struct ConnectionTests {
    private static func quick(_ change: (inout HTTPLimits) -> Void) -> ServerConfiguration {
        var configuration = TestServer.patient
        change(&configuration.limits)
        return configuration
    }

    @Test func `a head of 16 KiB is refused, one of 15 is not`() async throws {
        try await TestServer.run { server in
            let head = { (count: Int) in
                "GET /healthz HTTP/1.1\r\nConnection: close\r\nX-Long: \(String(repeating: "a", count: count))\r\n\r\n"
            }
            #expect(try await Answer(server.exchange(head(15 << 10))).status == 200)
            let refused = try await Answer(server.exchange(head(16 << 10)))
            #expect(refused.status == 431 && refused.error == "head_too_large")
            #expect(refused.field("Connection") == "close")
            // The same for many small fields, and for a long target.
            let fields = (0..<2_000).map { "X-\($0): 12345678\r\n" }.joined()
            #expect(try await Answer(server.exchange("GET / HTTP/1.1\r\n\(fields)\r\n")).status == 431)
            let target = "/stream?x=" + String(repeating: "a", count: 17 << 10)
            #expect(try await Answer(server.exchange("GET \(target) HTTP/1.1\r\n\r\n")).status == 431)
            // And for one that never ends.
            let endless = try await server.connect()
            await endless.send("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 1 << 20))
            #expect(try await Answer(endless.receiveAll()).status == 431)
        }
    }

    @Test func `a head that takes too long is given up`() async throws {
        try await TestServer.run(Self.quick { $0.headTimeout = .milliseconds(500) }) { server in
            let second = try await server.connect(sending: "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
            try await second.receive(#"{"status":"ok"}"#)
            await second.send("GET /hea")
            let silent = try await server.connect()
            let slow = try await server.connect(sending: "GET /stats HTTP/1.1\r\nHo")
            for client in [silent, slow] {
                let answer = try await Answer(client.receiveAll())
                #expect(answer.status == 408 && answer.error == "request_timeout")
            }
            #expect(try await second.receiveAll().contains("HTTP/1.1 408 Request Timeout"))
        }
    }

    @Test func `a body that takes too long, and an idle connection, are given up`() async throws {
        let configuration = Self.quick {
            $0.headTimeout = .milliseconds(500)
            $0.bodyTimeout = .milliseconds(300)
            $0.idleTimeout = .milliseconds(300)
        }
        try await TestServer.run(configuration) { server in
            let slow = try await server.connect(
                sending: "POST /publish HTTP/1.1\r\nContent-Length: 100\r\n\r\n{\"chan"
            )
            #expect(try await Answer(slow.receiveAll()).status == 408)
            let idle = try await server.connect(sending: "GET /healthz HTTP/1.1\r\n\r\n")
            let text = try await idle.receiveAll()
            #expect(text.hasSuffix(#"{"status":"ok"}"#))
            // A stream is not an idle connection.
            let stream = try await server.stream("channels=chat")
            try await server.connect().receiveAll()
            #expect(stream.end == nil)
        }
    }

    @Test func `a body over the limit is refused before it is read`() async throws {
        try await TestServer.run { server in
            let announced = try await server.connect()
            await announced.send("POST /publish HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n")
            let answer = try await Answer(announced.receiveAll())
            #expect(answer.status == 413 && answer.error == "body_too_large" && answer.field("Connection") == "close")

            let chunked = try await server.connect()
            await chunked.send("POST /publish HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<33 { await chunked.send("8000\r\n" + String(repeating: "a", count: 0x8000) + "\r\n") }
            #expect(try await Answer(chunked.receiveAll()).status == 413)

            let huge = try await server.connect()
            await huge.send("POST /publish HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n")
            #expect([400, 413].contains(try await Answer(huge.receiveAll()).status))
        }
    }

    @Test func `a chunked body of a whole mebibyte is published`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("channels=chat")
            let text = String(repeating: "x", count: (1 << 20) - 200)
            let body = Array(#"{"channel":"chat","event":"typing.start","data":"\#(text)"}"#.utf8)
            let client = try await server.connect()
            await client.send("POST /publish HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in stride(from: 0, to: body.count, by: 50_000) {
                let chunk = body[start..<min(start + 50_000, body.count)]
                await client.send(Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8))
            }
            await client.send("0\r\n\r\n")
            #expect(try await Answer(client.receiveAll()).status == 200)
            let events = try await stream.events(count: 2)
            #expect(events[1].data == "\"\(text)\"")
        }
    }

    @Test func `a client that asks first is told to go on, or not`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            let body = #"{"channel":"chat","event":"typing.start","data":1}"#
            await client.send("POST /publish HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: \(body.count)\r\n\r\n")
            #expect(try await client.receive("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            await client.send(body)
            try await client.receive(#"{"id":null,"duplicate":false}"#)

            let long = try await server.connect()
            await long.send("POST /publish HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
            #expect(try await Answer(long.receiveAll()).status == 413)
            let odd = "POST /publish HTTP/1.1\r\nExpect: miracles\r\nContent-Length: 2\r\n\r\n"
            #expect(try await Answer(server.exchange(odd)).status == 417)
        }
    }

    @Test func `HTTP 1.0 and Connection headers decide whether a connection is kept`() async throws {
        try await TestServer.run { server in
            let old = try await Answer(server.exchange("GET /healthz HTTP/1.0\r\n\r\n"))
            #expect(old.status == 200 && old.field("Connection") == "close")
            let kept = try await server.connect()
            await kept.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try await kept.receive("ok").lowercased().contains("connection: keep-alive"))
            // A client that says it has nothing more to send still gets its answers.
            let half = try await server.connect()
            await half.send("GET /healthz HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\n")
            await half.halfClose()
            let text = try await half.receiveAll()
            #expect(text.contains(#""ok""#) && text.contains("not_found"))
            // A request to change the protocol is answered without the change.
            let upgrade = "GET /healthz HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
            #expect(try await Answer(server.exchange(upgrade)).status == 200)
            let absolute = "GET http://example.org/stream?channels=nope HTTP/1.1\r\nConnection: close\r\n\r\n"
            #expect(try await Answer(server.exchange(absolute)).error == "unknown_channel")
        }
    }

    @Test func `paths and methods that are not there are told as problems`() async throws {
        try await TestServer.run { server in
            let missing = try await server.get("/nothing/here")
            #expect(missing.status == 404 && missing.error == "not_found")
            #expect(missing.field("Content-Type") == "application/json")
            for (path, method, allow) in [
                ("/publish", "GET", "POST, OPTIONS"), ("/stats", "POST", "GET, HEAD, OPTIONS"),
                ("/healthz", "DELETE", "GET, HEAD, OPTIONS"), ("/readyz", "PUT", "GET, HEAD, OPTIONS"),
            ] {
                let answer = try await server.get(path, method: method)
                #expect(answer.status == 405 && answer.field("Allow") == allow, "\(method) \(path)")
            }
            let options = try await server.get("/stats", method: "OPTIONS")
            #expect(options.status == 204 && options.field("Allow") == "GET, HEAD, OPTIONS")
            let head = try await server.get("/stats", method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty && head.field("Content-Length") != nil)
            #expect(try await server.get("/favicon.ico").status == 204)
        }
    }

    @Test func `garbage gets an answer or an end, and the server goes on`() async throws {
        try await TestServer.run { server in
            var random = SeededGenerator(seed: 20_261_121)
            let starts = [
                "", "GET ", "GET /stream HTTP/1.1\r\n", "POST /publish HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}", "CONNECT a:1 HTTP/1.1\r\n\r\n",
                "GET / HTTP/9.9\r\n\r\n", "GET /%00%zz?%f%ff HTTP/1.1\r\n\r\n",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                "GET / HTTP/1.1\r\n: empty\r\n\r\n", "GET / HTTP/1.1\r\nA b: c\r\n\r\n",
            ]
            for index in 0..<300 {
                let bytes = (0..<Int.random(in: 0...600, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                let client = try await server.connect()
                await client.send(Array(starts[index % starts.count].utf8) + bytes)
                await client.halfClose()
                try await client.receiveAll()
                await client.close()
            }
            #expect(try await server.get("/healthz").status == 200)
            try await server.figures { $0.streams.open == 0 }
        }
    }

    @Test func `a client that sends thousands of requests ahead and reads nothing is bounded`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            await client.read(false)
            let requests = String(repeating: "GET /stats HTTP/1.1\r\n\r\n", count: 5_000)
            let sending = Task { await client.send(requests) }
            // The others do not notice.
            for _ in 0..<20 { #expect(try await server.get("/healthz").status == 200) }
            await client.close()
            await sending.value
        }
    }

    @Test func `half-open connections do not keep others out`() async throws {
        try await TestServer.run { server in
            var clients: [RawClient] = []
            for index in 0..<300 {
                let client = try await server.connect()
                if index.isMultiple(of: 2) { await client.send("GET /stream HTTP/1.1\r\nX") }
                clients.append(client)
            }
            #expect(try await server.get("/healthz").status == 200)
            _ = try await server.stream()
            for client in clients { await client.close() }
        }
    }
}
