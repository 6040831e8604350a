import Foundation
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

@Suite struct StreamTests {
    @Test func `a stream's head is exactly what the contract says, and its body is frames`() async throws {
        try await TestServer.run { server in
            let client = try await server.stream("channels=chat")
            let text = client.received
            let parts = try #require(text.range(of: "\r\n\r\n"))
            let head = text[..<parts.lowerBound].split(separator: "\r\n").filter { !$0.hasPrefix("Date: ") }
            #expect(
                head == [
                    "HTTP/1.1 200 OK", "Content-Type: text/event-stream; charset=utf-8",
                    "Cache-Control: no-cache, no-transform", "X-Accel-Buffering: no", "Connection: close",
                    "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
                    "Cross-Origin-Resource-Policy: same-origin",
                    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
                ]
            )
            #expect(text.contains("\r\nDate: ") && !text.lowercased().contains("transfer-encoding"))
            #expect(text[parts.upperBound...].hasPrefix("event: connected\ndata: {\"protocol\":1,"))
        }
    }

    @Test func `an event reaches a stream byte for byte`() async throws {
        try await TestServer.run { server in
            let client = try await server.stream("channels=chat&project_id=p1")
            let answer = try await server.publish(
                #"{"channel":"chat","project_id":"p1","event":"message.new","id":"7","data":{"a": 1 , "b":[1.0,1e2] }}"#
            )
            #expect(answer.status == 200 && answer.body == #"{"id":7,"duplicate":false}"#)
            let events = try await client.events(count: 2)
            #expect(events[1].id == "7" && events[1].event == "message.new")
            #expect(client.received.hasSuffix("id: 7\nevent: message.new\ndata: {\"a\": 1 , \"b\":[1.0,1e2] }\n\n"))
        }
    }

    @Test func `HTTP 1.0 gets the same stream`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            await client.send("GET /stream?channels=jobs HTTP/1.0\r\n\r\n")
            let events = try await client.events(count: 1)
            #expect(events[0].event == "connected" && client.received.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func `a kept-alive connection asks for figures, then for a stream`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            for _ in 0..<3 {
                let before = client.received.utf8.count
                await client.send("GET /stats HTTP/1.1\r\nHost: t\r\n\r\n")
                try await client.receive { $0.utf8.count > before && $0.hasSuffix("}") }
            }
            await client.send("GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\n\r\n")
            try await client.receive("event: connected")
            _ = try await server.publish(#"{"channel":"chat","event":"typing.start","data":1}"#)
            try await client.receive("event: typing.start\ndata: 1\n\n")
            #expect(client.received.components(separatedBy: "HTTP/1.1 200 OK").count == 5)
        }
    }

    @Test func `pipelined requests are answered in order, a stream last`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            let get = { (target: String) in "GET \(target) HTTP/1.1\r\nHost: t\r\n\r\n" }
            let targets = ["/healthz", "/nothing", "/readyz", "/stream?channels=chat", "/stats"]
            await client.send(targets.map(get).joined())
            let text = try await client.receive("event: connected")
            let marks = [#"{"status":"ok"}"#, #""error":"not_found""#, #"{"ready":true}"#, "text/event-stream"]
            let places = marks.compactMap { text.range(of: $0)?.lowerBound }
            #expect(places.count == 4 && places == places.sorted())
            // What came behind the stream's request is ignored.
            _ = try await server.publish(#"{"channel":"chat","event":"typing.start","data":1}"#)
            #expect(try await !client.receive("typing.start\ndata").contains("uptime_s"))
        }
    }

    @Test func `a closed, a half-closed and a reset client are noticed`() async throws {
        try await TestServer.run { server in
            let clients = [try await server.stream(), try await server.stream(), try await server.stream()]
            try await server.figures { $0.streams.open == 3 }
            await clients[0].close()
            try await server.figures { $0.streams.open == 2 && $0.streams.closedTotal["client"] == 1 }
            await clients[1].halfClose()
            try await server.figures { $0.streams.open == 1 && $0.streams.closedTotal["client"] == 2 }
            try await clients[1].receiveAll()
            await clients[2].reset()
            let figures = try await server.figures { $0.streams.open == 0 }
            #expect(figures.streams.closedTotal == ["client": 2, "error": 1])
        }
    }

    @Test func `what a client sends into its stream is ignored`() async throws {
        try await TestServer.run { server in
            let client = try await server.stream("channels=chat")
            for _ in 0..<20 { await client.send(String(repeating: "GET /stats HTTP/1.1\r\n\r\n\u{0}", count: 500)) }
            _ = try await server.publish(#"{"channel":"chat","event":"typing.start","data":1}"#)
            let events = try await client.events(count: 2)
            #expect(events.map(\.event) == ["connected", "typing.start"])
        }
    }

    @Test func `the answer to a bad request names what is wrong and keeps the connection`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            await client.send("GET /stream?channels=chat,nope HTTP/1.1\r\nHost: t\r\n\r\n")
            let text = try await client.receive(#""channel":"nope"}"#)
            #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && text.contains(#"{"error":"unknown_channel""#))
            await client.send("GET /stream HTTP/1.1\r\nHost: t\r\n\r\n")
            try await client.receive("event: connected")
        }
    }

    @Test func `the peer address is the user of a stream that names none`() async throws {
        try await TestServer.run { server in
            let events = try await server.stream().events(count: 1)
            #expect(events[0].data.contains(#""user_id":"127.0.0.1""#))
            let named = try await server.stream("user_id=auth0%7C5%2Bf").events(count: 1)
            #expect(named[0].data.contains(#""user_id":"auth0|5+f""#))
        }
    }

    @Test func `HEAD, POST and OPTIONS answer what a stream would, and open none`() async throws {
        try await TestServer.run { server in
            let head = try await server.get("/stream?channels=chat", method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.field("Content-Type") == "text/event-stream; charset=utf-8")
            let bad = try await server.get("/stream?channels=nope", method: "HEAD")
            #expect(bad.status == 400 && bad.body.isEmpty)
            let post = try await server.get("/stream?user_id=u1", method: "POST")
            #expect(post.status == 200 && post.object["userId"] as? String == "u1")
            #expect(post.object["authenticated"] as? Bool == true && post.object["timestamp"] is String)
            let options = try await server.get("/stream", method: "OPTIONS")
            #expect(options.status == 204 && options.field("Allow") == "GET, HEAD, POST, OPTIONS")
            let delete = try await server.get("/stream", method: "DELETE")
            #expect(delete.status == 405 && delete.error == "method_not_allowed")
            #expect(delete.field("Allow") == "GET, HEAD, POST, OPTIONS")
            #expect(await server.hub.statistics().streams.openedTotal == 0)
        }
    }

    @Test func `a stream that stops reading goes on where it can, and delays nobody`() async throws {
        let events = 300
        try await TestServer.run { server in
            let stalled = try await server.stream("channels=chat")
            await stalled.read(false)
            let reading = try await server.stream("channels=chat")
            // 12 MB: beyond the tail of 1 MiB and whatever two sockets hold.
            let filler = String(repeating: "x", count: 40_000)
            for index in 1...events {
                let body = #"{"channel":"chat","event":"typing.start","data":"\#(index) \#(filler)"}"#
                #expect(try await server.publish(body).status == 200)
            }
            let all = try await reading.events(count: events + 1)
            #expect(all.dropFirst().map { $0.data.prefix { $0 != " " } } == (1...events).map { "\"\($0)" })
            let figures = try await server.figures { $0.streams.slow == 1 }
            #expect(figures.memory.tailBytes < 3 << 20)

            await stalled.read(true)
            let late = try await stalled.events { $0.last?.data.hasPrefix("\"\(events) ") ?? false }
            let numbers = late.compactMap { Int($0.data.dropFirst().prefix { $0 != " " }) }
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count && numbers.count < events)
            let gap = try #require(late.firstIndex { $0.event == "gap" })
            #expect(late[gap].data.contains(#""channels":["chat"]"#) && late[gap].data.contains("tail_overrun"))
            let delivered = UInt64(events + numbers.count)
            try await server.figures { $0.streams.slow == 0 && $0.channels["chat"]?.deliveredTotal == delivered }
        }
    }

    @Test func `a stream whose socket takes little gets what is for it in order, and nothing else`() async throws {
        let events = 3_000
        try await TestServer.run { server in
            let stalled = try await server.stream("channels=chat")
            await stalled.read(false)
            // More than two sockets hold, and less than the tail does: small pieces of it, with others' in between.
            let filler = String(repeating: "x", count: 200)
            for start in stride(from: 1, through: events, by: 100) {
                let items = (start..<start + 100).flatMap { number in
                    [
                        #"{"channel":"chat","event":"typing.start","data":"\#(number) \#(filler)"}"#,
                        #"{"channel":"jobs","event":"job.progress","data":\#(number)}"#,
                    ]
                }
                #expect(try await server.publish("[\(items.joined(separator: ","))]").status == 200)
            }
            await stalled.read(true)
            let received = try await stalled.events { $0.last?.data.hasPrefix("\"\(events) ") ?? false }
            let numbers = received.dropFirst().map { $0.data.dropFirst().prefix { $0 != " " } }
            #expect(numbers == (1...events).map { "\($0)" })
        }
    }

    @Test func `every stream gets every event exactly once, and the figures add up`() async throws {
        let (streams, events) = (1_000, 50)
        try await TestServer.run { server in
            var clients: [RawClient] = []
            for _ in 0..<streams { clients.append(try await server.stream("channels=jobs&project_id=many")) }
            for index in 1...events {
                let body = #"{"channel":"jobs","project_id":"many","event":"job.progress","data":\#(index)}"#
                #expect(try await server.publish(body).status == 200)
            }
            for client in clients {
                let received = try await client.events(count: events + 1)
                #expect(received.dropFirst().map(\.data) == (1...events).map(String.init))
            }
            let jobs = try await server.figures { $0.channels["jobs"]?.deliveredTotal == UInt64(streams * events) }
            #expect(jobs.streams.open == streams && jobs.streams.openedTotal == UInt64(streams))
            #expect(jobs.channels["jobs"]?.publishedTotal == UInt64(events))
            for client in clients { await client.close() }
            try await server.figures { $0.streams.open == 0 && $0.streams.closedTotal["client"] == UInt64(streams) }
        }
    }
}
