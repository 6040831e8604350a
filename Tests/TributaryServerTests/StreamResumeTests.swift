import Foundation
import NIOConcurrencyHelpers
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

/// Resuming over a socket, as browsers and scripts do it.
@Suite(.timeLimit(.minutes(1))) struct StreamResumeTests {
    /// Publishes messages with the publisher's own ids.
    private func publish(_ ids: ClosedRange<Int>, on server: TestServer) async throws {
        let items = ids.map { #"{"channel":"chat","event":"message.new","id":\#($0),"data":{"n":\#($0)}}"# }
        let answer = try await server.publish("[" + items.joined(separator: ",") + "]")
        #expect(answer.status == 200 && !answer.body.contains("error"), "\(answer.body)")
    }

    /// A stream of chat and jobs: on presence comes what these tests do not count.
    private func resume(_ query: String = "", header: String? = nil, on server: TestServer) async throws -> RawClient {
        let field = header.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        return try await server.connect(
            sending: "GET /stream?channels=chat,jobs&\(query) HTTP/1.1\r\nHost: test\r\n\(field)\r\n")
    }

    private func ids(_ events: [ServerSentEvent]) -> [Int] { events.compactMap { $0.id.flatMap { Int($0) } } }

    private func object(_ event: ServerSentEvent?) throws -> [String: Any] {
        let data = Data(try #require(event).data.utf8)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func `every spelling of a cursor resumes behind it`() async throws {
        try await TestServer.run { server in
            try await publish(1...5, on: server)
            let clients = [
                try await resume("from_seq=3", on: server),
                try await resume("last_event_id=3", on: server),
                try await resume(header: "3", on: server),
            ]
            for client in clients {
                let events = try await client.events(count: 4)
                #expect(events.map(\.event) == ["connected", "message.replay", "message.replay", "replay.end"])
                #expect(ids(events) == [4, 5])
                #expect(events[1].data == #"{"n":4}"#)
                let connected = try object(events.first)
                #expect(connected["from_seq"] as? Int == 3 && connected["latest_seq"] as? Int == 5)
                #expect(connected["recovered"] as? Bool == true)
                let end = try object(events.last)
                #expect(end["lastReplayedSeq"] as? Int == 5 && end["replayed"] as? Int == 2)
                #expect(end["totalAvailable"] as? Int == 2 && end["more"] as? Bool == false)
                #expect(end["projectId"] as? String == "default" && end["message"] is String)
            }
            try await publish(6...6, on: server)
            for client in clients {
                let last = try #require(try await client.events(count: 5).last)
                #expect(last.event == "message.new" && last.id == "6")
            }
        }
    }

    @Test func `the header wins over the query, as a browser sends it when it comes back`() async throws {
        try await TestServer.run { server in
            try await publish(1...5, on: server)
            let client = try await resume("from_seq=0&last_event_id=1", header: "4", on: server)
            #expect(ids(try await client.events { $0.last?.event == "replay.end" }) == [5])
            // A field without a value is none: a browser that has no id sends none.
            let empty = try await resume("from_seq=3", header: "", on: server)
            #expect(ids(try await empty.events { $0.last?.event == "replay.end" }) == [4, 5])
        }
    }

    @Test func `no cursor is live, and zero is the oldest that is kept`() async throws {
        try await TestServer.run { server in
            try await publish(1...2, on: server)
            let live = try await server.stream("channels=chat")
            let whole = try await resume("from_seq=0", on: server)
            #expect(ids(try await whole.events { $0.last?.event == "replay.end" }) == [1, 2])
            try await publish(3...3, on: server)
            #expect(try await live.events(count: 2).map(\.event) == ["connected", "message.new"])
        }
    }

    @Test func `a malformed query is refused, a malformed header is told`() async throws {
        try await TestServer.run { server in
            try await publish(1...2, on: server)
            for (query, code) in [
                ("from_seq=-1", "invalid_from_seq"), ("from_seq=1.5", "invalid_from_seq"),
                ("last_event_id=abc", "invalid_last_event_id"), ("from_seq=9007199254740992", "invalid_from_seq"),
            ] {
                let answer = try await server.get("/stream?\(query)")
                #expect(answer.status == 400 && answer.error == code, "\(query): \(answer.body)")
                #expect(answer.object["message"] is String)
            }
            for header in ["abc", "-1", "01HXYZ", "9007199254740992"] {
                let client = try await resume("from_seq=1", header: header, on: server)
                let events = try await client.events(count: 2)
                #expect(events.map(\.event) == ["connected", "gap"], "\(header)")
                #expect(try object(events[0])["recovered"] as? Bool == false)
                #expect(try object(events[1])["reason"] as? String == "cursor_not_found")
            }
            #expect(await server.hub.statistics().streams.openedTotal == 4)
        }
    }

    @Test func `HEAD with a cursor answers what GET would, and replays nothing`() async throws {
        try await TestServer.run { server in
            try await publish(1...2, on: server)
            let good = try await server.get("/stream?from_seq=1", method: "HEAD")
            #expect(good.status == 200 && good.body.isEmpty)
            #expect(good.field("Content-Type") == "text/event-stream; charset=utf-8")
            let bad = try await server.get("/stream?from_seq=x", method: "HEAD")
            #expect(bad.status == 400 && bad.body.isEmpty)
            let browser = try await Answer(
                server.exchange(
                    "HEAD /stream HTTP/1.1\r\nHost: test\r\nConnection: close\r\nLast-Event-ID: x\r\n\r\n")
            )
            #expect(browser.status == 200 && browser.body.isEmpty)
            #expect(await server.hub.statistics().streams.openedTotal == 0)
        }
    }

    @Test func `a cursor that the log never gave out is told`() async throws {
        try await TestServer.run { server in
            try await publish(10...12, on: server)
            for (cursor, recovered, from, to) in [
                (3, false, 4, 9), (50, false, 51, nil), (9, true, nil, nil), (12, true, nil, nil),
            ] as [(Int, Bool, Int?, Int?)] {
                let client = try await resume("from_seq=\(cursor)", on: server)
                let events = try await client.events { $0.last?.event == "replay.end" }
                #expect(try object(events.first)["recovered"] as? Bool == recovered, "\(cursor)")
                let gap = try events.first { $0.event == "gap" }.map { try object($0) }
                #expect(gap?["from"] as? Int == from && gap?["to"] as? Int == to, "\(cursor)")
                #expect((gap == nil) == recovered)
            }
        }
    }

    @Test func `what is over the limit is in the history`() async throws {
        try await TestServer.run { server in
            try await publish(1...250, on: server)
            let client = try await resume("from_seq=20", on: server)
            let events = try await client.events { $0.last?.event == "gap" }
            #expect(ids(events) == Array(21...220))
            let end = try object(events.first { $0.event == "replay.end" })
            #expect(end["replayed"] as? Int == 200 && end["totalAvailable"] as? Int == 230)
            #expect(end["more"] as? Bool == true && end["lastReplayedSeq"] as? Int == 220)
            let gap = try object(events.last)
            #expect(gap["reason"] as? String == "replay_limit")
            #expect(gap["from"] as? Int == 221 && gap["to"] as? Int == 250)
            let history = try await server.get("/history?after=220")
            let rest = try #require(history.object["events"] as? [[String: Any]])
            #expect(rest.compactMap { $0["id"] as? Int } == Array(221...250))
        }
    }

    @Test func `a client that is cut again and again gets each event once and in order`() async throws {
        try await TestServer.run { server in
            let published = NIOLockedValueBox<[Int]>([])
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for number in 0..<400 {
                        let channel = number.isMultiple(of: 3) ? "jobs" : "chat"
                        let answer = try await server.publish(
                            #"{"channel":"\#(channel)","event":"message.new","data":\#(number)}"#)
                        let id = try #require(answer.object["id"] as? Int)
                        published.withLockedValue { $0.append(id) }
                    }
                }
                var received: [Int] = []
                var cursor = 0
                var cuts = 0
                while received.count < 400 {
                    let client = try await resume(header: "\(cursor)", on: server)
                    // A few events more than last time, so that cuts fall within replays and behind them.
                    let wanted = min(1 + cuts % 40, 400 - received.count)
                    let events = try await client.events { events in
                        events.count { $0.id != nil } >= wanted
                    }
                    await client.close()
                    // What was read with them is lost with the connection, as far as the client knows.
                    let new = ids(events).prefix(wanted)
                    received += new
                    cursor = new.last ?? cursor
                    cuts += 1
                }
                try await tasks.waitForAll()
                #expect(received == published.withLockedValue { $0 })
                #expect(cuts > 15)
            }
        }
    }

    @Test func `a hundred clients that come back at once get the whole replay, and the live event behind it`()
        async throws
    {
        try await TestServer.run { server in
            try await publish(1...200, on: server)
            let live = try await server.stream("channels=chat")
            var clients: [RawClient] = []
            for _ in 0..<100 { clients.append(try await resume("from_seq=0", on: server)) }
            // A replay that begins only now would have one event too many for the limit.
            for client in clients { try await client.events(count: 1) }
            try await publish(201...201, on: server)
            #expect(ids(try await live.events(count: 2)) == [201])
            for client in clients {
                #expect(ids(try await client.events { $0.contains { $0.id == "201" } }) == Array(1...201))
            }
        }
    }
}
