import NIOConcurrencyHelpers
import Testing
import TributaryClient
import TributaryProtocol

/// Streams as no decent hub sends them, and as a decent one does.
@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    @Test func `the request names everything that the client was told`() async throws {
        try await HostileServer.run {
            try await $0.stream(Frame.end)
        } _: { server in
            let client = try TributaryClient(
                url: server.url, project: "p1", channels: [.chat, .jobs], user: "a+b@c.de", token: { "secret" },
                from: 120, configuration: .quick.with { $0.heartbeat = .seconds(5) }
            )
            _ = try await client.collect()
            let request = try #require(server.requests.first)
            #expect(request.method == "GET")
            #expect(request.path == "/stream")
            #expect(request.query["channels"] == "chat,jobs")
            #expect(request.query["project_id"] == "p1")
            #expect(request.query["user_id"] == "a%2Bb%40c.de")
            #expect(request.query["from_seq"] == "120")
            #expect(request.query["heartbeat_ms"] == "5000")
            #expect(request.query["client_instance_id"]?.count == 36)
            #expect(request.headers["authorization"] == "Bearer secret")
            #expect(request.headers["accept"] == "text/event-stream")
            #expect(request.headers["accept-encoding"] == "identity")
            #expect(request.headers["last-event-id"] == nil)
        }
    }

    @Test func `ten thousand events in one write arrive in order, in handlers and sequences alike`() async throws {
        let frames = (1...10_000).map { "id: \($0)\nevent: job.progress\ndata: \($0)\n\n" }.joined()
        try await HostileServer.run { connection in
            try await connection.stream(Frame.connected(), frames, Frame.end)
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let handled = Recorder<String>()
            client.onEveryEvent { if $0.id != nil { handled.append($0.data) } }
            let events = try await client.collect()
            #expect(events.map(\.data) == (1...10_000).map(String.init))
            #expect(handled.values == events.map(\.data))
            #expect(client.cursor == 10_000)
        }
    }

    @Test(arguments: [10, 12])
    func `subscribed moves the cursor to where the stream stands, and is no event of its id`(place: Int) async throws {
        let told =
            "id: \(place)\nevent: subscribed\ndata: "
            + #"{"connection_id":"c","channels":["chat"],"events":[],"timestamp":"2026-01-01T00:00:00Z"}"# + "\n\n"
        let replayed = Frame.message(3, name: "message.replay")
        try await HostileServer.run { connection in
            try await connection.stream(
                Frame.connected(), Frame.message(10), replayed, told, Frame.end, Frame.message(12),
                "event: last\ndata: 0\n\n"
            )
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let told = Recorder<Received<Subscribed>>()
            let cursors = Recorder<UInt64?>()
            client.on(Subscribed.self) { told.append($0) }
            client.onEveryEvent { event in if event.name == "test.end" { cursors.append(client.cursor) } }
            let events = try await client.collect(until: "last")
            #expect(told.values.map(\.channels) == [["chat"]])
            #expect(cursors.values == [UInt64(place)])
            #expect(events.compactMap(\.id) == ["10", "3", "12"])
        }
    }

    @Test func `a byte per write makes the same events`() async throws {
        let stream =
            "\u{FEFF}" + Frame.connected() + Frame.message(1, "ü→😀") + "data:a\r\ndata: b\rdata\n\n" + Frame.end
        try await HostileServer.run { connection in
            for byte in (HostileConnection.streamHead + stream).utf8 { try await connection.send([byte]) }
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let messages = Recorder<Received<MessageNew>>()
            client.on(MessageNew.self) { messages.append($0) }
            let events = client.allEvents
            let unnamed = try await client.running {
                var data: [String] = []
                for try await event in events {
                    if event.name == "message" { data.append(event.data) }
                    if event.name == "test.end" { break }
                }
                return data
            }
            #expect(messages.values.map(\.content.text) == ["ü→😀"])
            #expect(unnamed == ["a\nb\n"])
        }
    }

    @Test func `half a frame at the end is dropped, and comes again`() async throws {
        try await HostileServer.run { connection in
            if connection.number == 0 {
                try await connection.stream(
                    Frame.connected(latest: 6), Frame.message(7), "id: 8\nevent: x\ndata: half\n")
            } else {
                try await connection.stream(Frame.connected(), "id: 8\nevent: x\ndata: whole\n\n", Frame.end)
                connection.hang()
            }
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let events = try await client.collect()
            #expect(events.map(\.id) == ["7", "8"])
            #expect(events.last?.data == "whole")
            #expect(server.requests[1].headers["last-event-id"] == "7")
        }
    }

    @Test func `a live stream goes on from where it began`() async throws {
        try await HostileServer.run { connection in
            if connection.number == 0 { return try await connection.stream(Frame.connected(latest: 131)) }
            try await connection.stream(Frame.connected(from: 131, latest: 131), Frame.end)
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            _ = try await client.collect()
            #expect(server.requests.map { $0.query["from_seq"] } == [nil, "131"])
            #expect(client.cursor == 131)
        }
    }

    @Test func `an event beyond the limit ends the connection, not the client`() async throws {
        let limit = 64 << 10
        try await HostileServer.run { connection in
            if connection.number == 0 {
                try await connection.stream(Frame.connected(), Frame.message(1))
                try await connection.send("id: 2\ndata: " + String(repeating: "x", count: 4 * limit))
                connection.hang()
            } else {
                try await connection.stream(Frame.connected(), Frame.message(3), Frame.end)
                connection.hang()
            }
        } _: { server in
            let client = try TributaryClient(
                url: server.url, configuration: .quick.with { $0.maximumEventBytes = limit }
            )
            let errors = Recorder<TributaryClientError>()
            client.onError { errors.append($0) }
            #expect(try await client.collect().map(\.id) == ["1", "3"])
            guard case .eventTooLarge(limit)? = errors.values.first else { Issue.record("\(errors.values)"); return }
        }
    }

    @Test func `silence of two and a half heartbeats is a cut`() async throws {
        try await HostileServer.run { connection in
            if connection.number == 0 {
                try await connection.stream(Frame.connected(heartbeatMilliseconds: 40), Frame.message(1))
            } else {
                try await connection.stream(Frame.connected(), Frame.end)
            }
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let errors = Recorder<TributaryClientError>()
            client.onError { errors.append($0) }
            _ = try await client.collect()
            guard case .silent(.milliseconds(100))? = errors.values.first else {
                Issue.record("\(errors.values)")
                return
            }
            #expect(server.requests.map { $0.headers["last-event-id"] } == [nil, "1"])
        }
    }

    @Test func `a server that accepts and says nothing is given up after the connect time-out`() async throws {
        try await HostileServer.run { connection in
            if connection.number > 0 { try await connection.stream(Frame.end) }
            connection.hang()
        } _: { server in
            let client = try TributaryClient(
                url: server.url, configuration: .quick.with { $0.reconnect.connectTimeout = .milliseconds(300) }
            )
            let errors = Recorder<TributaryClientError>()
            client.onError { errors.append($0) }
            _ = try await client.collect()
            guard case .connectTimedOut? = errors.values.first else { Issue.record("\(errors.values)"); return }
        }
    }

    @Test func `a slow handler is no silence, and is not broken off`() async throws {
        try await HostileServer.run { connection in
            try await connection.stream(Frame.connected(heartbeatMilliseconds: 20), Frame.message(1), Frame.end)
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let finished = Recorder<Bool>()
            client.on(MessageNew.self) { _ in
                finished.append((try? await Task.sleep(for: .milliseconds(400))) != nil)
            }
            #expect(try await client.collect().map(\.id) == ["1"])
            #expect(finished.values == [true])
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a hub that is not there yet is found when it comes`() async throws {
        let port = try await HostileServer.run { _ in
        } _: {
            $0.port
        }
        let client = try TributaryClient(url: "http://127.0.0.1:\(port)", configuration: .quick)
        let statuses = client.statuses
        let events = client.events(MessageNew.self)
        try await client.running {
            for await status in statuses {
                if case .reconnecting(attempt: 3, _) = status { break }
            }
            try await HostileServer.run(port: port) { connection in
                try await connection.stream(Frame.connected(), Frame.message(1))
                connection.hang()
            } _: { _ in
                for try await event in events {
                    #expect(event.id == EventID(1))
                    break
                }
                client.close()
            }
        }
    }

    @Test func `retry sets the delay of the next attempt`() async throws {
        try await HostileServer.run { connection in
            if connection.number == 0 { return try await connection.stream(Frame.connected(), "retry: 9\n\n") }
            try await connection.stream(Frame.end)
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let statuses = Recorder<ConnectionStatus>()
            client.onStatusChange { statuses.append($0) }
            _ = try await client.collect()
            #expect(statuses.values.contains(.reconnecting(attempt: 1, after: .milliseconds(9))))
        }
    }

    @Test func `server_close decides whether and when the client comes back`() async throws {
        try await HostileServer.run { connection in
            let frame =
                connection.number == 0
                ? Frame.serverClose("draining", reconnect: true, retryMilliseconds: 7)
                : Frame.serverClose("replaced", reconnect: false, retryMilliseconds: 60_000)
            try await connection.stream(Frame.connected(), frame)
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let statuses = Recorder<ConnectionStatus>()
            let reasons = Recorder<ServerClose.Reason>()
            client.onStatusChange { statuses.append($0) }
            client.on(ServerClose.self) { reasons.append($0.reason) }
            try await client.run()
            #expect(statuses.values.contains(.reconnecting(attempt: 1, after: .milliseconds(7))))
            #expect(client.status == .closed(reason: .server(.replaced)))
            #expect(reasons.values == [.draining, .replaced])
            #expect(server.requests.count == 2)
        }
    }

    @Test(arguments: ["not JSON", "{}", #"{"reason":7,"retry_ms":"x"}"#])
    func `a server_close that makes no sense is a reason to come back`(data: String) async throws {
        try await HostileServer.run { connection in
            if connection.number == 0 { return try await connection.stream("event: server_close\ndata: \(data)\n\n") }
            try await connection.stream(Frame.end)
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            _ = try await client.collect()
            #expect(server.requests.count == 2)
        }
    }
}
