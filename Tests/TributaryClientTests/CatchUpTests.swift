import NIOConcurrencyHelpers
import Testing
import TributaryClient
import TributaryProtocol

/// What a client does after a replay that was cut short.
@Suite(.timeLimit(.minutes(1))) struct CatchUpTests {
    /// A timeline of ids 1…`last`: replays two events, gives three in a page of history, then sends `live`.
    private static func hub(
        last: Int, live: String = Frame.end, replay: Int = 2, page: Int = 3,
        history: (@Sendable (HostileConnection, Int) async throws -> Bool)? = nil
    ) -> HostileServer.Script {
        { connection in
            if connection.isHistory {
                let after = Int(connection.request.query["after"] ?? "") ?? -1
                if try await history?(connection, after) == true { return }
                let ids = (after + 1)...max(after + 1, min(last, after + page))
                return try await connection.answerJSON(Frame.history(ids, more: ids.upperBound < last, latest: last))
            }
            let from = connection.request.cursor.flatMap { Int($0) } ?? 0
            var frames = Frame.connected(from: from, latest: last)
            if from < last {
                let replayed = (from + 1)...min(last, from + replay)
                frames += replayed.map { Frame.message($0, name: "message.replay") }.joined()
                let isCapped = replayed.upperBound < last
                frames += Frame.replayEnd(last: replayed.upperBound, replayed: replayed.count, more: isCapped)
                if isCapped { frames += Frame.gap(from: replayed.upperBound + 1, to: last) }
            }
            try await connection.stream(frames, live)
            connection.hang()
        }
    }

    private static func ids(_ events: [StreamEvent]) -> [Int] { events.compactMap { $0.id.flatMap { Int($0) } } }

    private static func isHistory(_ request: HostileRequest) -> Bool { request.path == "/history" }

    @Test func `what the replay left out comes before what is live, once and in order`() async throws {
        let live =
            Frame.message(9) + Frame.message(10) + Frame.message(11) + "event: typing.start\ndata: {}\n\n" + Frame.end
        try await HostileServer.run(Self.hub(last: 10, live: live)) { server in
            let client = try TributaryClient(
                url: server.url, project: "p1", channels: [.chat, .jobs], user: "a+b", token: { "secret" }, from: 0,
                configuration: .quick
            )
            let gaps = Recorder<Received<Gap>>()
            let messages = Recorder<Received<MessageNew>>()
            client.on(Gap.self) { gaps.append($0) }
            client.on(MessageNew.self) { messages.append($0) }
            let events = try await client.collect()
            #expect(Self.ids(events) == Array(1...11))
            #expect(events.last?.name == "typing.start")
            #expect(events.map(\.isReplay) == Array(repeating: true, count: 10) + [false, false])
            #expect(events[2].name == "message.new" && events[2].data == Frame.messageData(3))
            #expect(messages.values.map(\.id?.rawValue) == (1...11).map { UInt64($0) })
            #expect(gaps.values.isEmpty)
            #expect(client.cursor == 11)
            let requests = server.requests.filter(Self.isHistory)
            #expect(requests.map { $0.query["after"] } == ["2", "5", "8"])
            #expect(requests[0].query["channels"] == "chat,jobs" && requests[0].query["project_id"] == "p1")
            #expect(requests[0].query["user_id"] == "a%2Bb" && requests[0].headers["authorization"] == "Bearer secret")
        }
    }

    @Test func `late ids behind the last one are paged, and the next page begins after the last event`() async throws {
        let answers = ["2": ([7, 8, 5], true), "5": ([6, 4], true), "4": ([9, 3], true), "3": ([99], false)]
        try await HostileServer.run(
            Self.hub(last: 8, live: Frame.message(9) + Frame.message(10) + Frame.end) { connection, after in
                let (ids, more) = try #require(answers["\(after)"])
                try await connection.answerJSON(Frame.history(ids, more: more))
                return true
            }
        ) { server in
            let client = try TributaryClient(url: server.url, from: 0, configuration: .quick)
            // 9 is beyond what the replay left out: from there on the stream has everything.
            #expect(Self.ids(try await client.collect()) == [1, 2, 7, 8, 5, 6, 4, 9, 3, 10])
        }
    }

    @Test func `a failure that passes is tried again, and told`() async throws {
        let failures = NIOLockedValueBox(0)
        try await HostileServer.run(
            Self.hub(last: 6) { connection, _ in
                let failure = failures.withLockedValue { count in
                    count += 1
                    return count
                }
                switch failure {
                case 1: try await connection.answer("503 No", body: #"{"error":"relay_unavailable","message":"later"}"#)
                case 2: break
                case 3: try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
                case 4: try await connection.answer("429 No", headers: ["Retry-After: 0"])
                default: return false
                }
                return true
            }
        ) { server in
            let client = try TributaryClient(url: server.url, from: 0, configuration: .quick)
            let errors = Recorder<TributaryClientError>()
            let gaps = Recorder<Received<Gap>>()
            client.onError { errors.append($0) }
            client.on(Gap.self) { gaps.append($0) }
            #expect(Self.ids(try await client.collect()) == Array(1...6))
            #expect(errors.values.count == 4 && gaps.values.isEmpty)
            for error in errors.values {
                guard case .historyUnavailable = error else { Issue.record("\(error)"); return }
            }
            #expect(server.requests.filter { $0.path == "/stream" }.count == 1)
        }
    }

    @Test(arguments: ["404 Not Found", "400 Bad Request", "403 Forbidden", "502 relay_refused", "200 OK"])
    func `where history cannot be had, the gap is told and the stream goes on`(status: String) async throws {
        try await HostileServer.run(
            Self.hub(last: 10, live: Frame.message(11) + Frame.end) { connection, _ in
                try await connection.answer(status, body: #"{"error":"relay_refused","message":"m"}"#)
                return true
            }
        ) { server in
            let client = try TributaryClient(url: server.url, from: 0, configuration: .quick)
            let gaps = Recorder<Received<Gap>>()
            client.on(Gap.self) { gaps.append($0) }
            #expect(Self.ids(try await client.collect()) == [1, 2, 11])
            #expect(gaps.values.map(\.from) == [3] && gaps.values.map(\.to) == [10])
        }
    }

    @Test func `what history itself has lost is told before what it has`() async throws {
        try await HostileServer.run(
            Self.hub(last: 10) { connection, _ in
                try await connection.answerJSON(
                    Frame.history(7...10, latest: 10, rest: #","recovered":false,"gap":{"from":3,"to":6}"#)
                )
                return true
            }
        ) { server in
            let client = try TributaryClient(url: server.url, from: 0, configuration: .quick)
            let all = Recorder<String>()
            client.onEveryEvent { all.append($0.id ?? $0.name) }
            let gaps = Recorder<Received<Gap>>()
            client.on(Gap.self) { gaps.append($0) }
            _ = try await client.collect()
            #expect(all.values == ["connected", "1", "2", "replay.end", "gap", "7", "8", "9", "10", "test.end"])
            #expect(gaps.values.map(\.from) == [3] && gaps.values.map(\.to) == [6])
        }
    }

    @Test(arguments: [true, false])
    func `pages that lead nowhere end in the gap`(isEmpty: Bool) async throws {
        try await HostileServer.run(
            Self.hub(last: 10) { connection, after in
                try await connection.answerJSON(Frame.history(isEmpty ? [] : [3], more: true))
                return true
            }
        ) { server in
            let client = try TributaryClient(url: server.url, from: 0, configuration: .quick)
            let gaps = Recorder<Received<Gap>>()
            client.on(Gap.self) { gaps.append($0) }
            #expect(Self.ids(try await client.collect()) == (isEmpty ? [1, 2] : [1, 2, 3]))
            #expect(gaps.values.count == 1)
        }
    }

    @Test func `a cut while history fails goes on from the last event handed over`() async throws {
        try await HostileServer.run { connection in
            if connection.isHistory {
                let after = connection.request.query["after"]
                if after == "2" { return try await connection.answerJSON(Frame.history(3...5, more: true)) }
                // Until the stream has been opened anew.
                return try await connection.answer("503 No")
            }
            if connection.request.cursor == "0" {
                return try await connection.stream(
                    Frame.connected(from: 0, latest: 10), Frame.message(1), Frame.message(2),
                    Frame.replayEnd(last: 2, replayed: 2, more: true), Frame.gap(from: 3, to: 10),
                    Frame.message(11), Frame.serverClose("draining", reconnect: true, retryMilliseconds: 1)
                )
            }
            #expect(connection.request.cursor == "5")
            try await connection.stream(
                Frame.connected(from: 5, latest: 11), (6...11).map { Frame.message($0) }.joined(),
                Frame.replayEnd(last: 11, replayed: 6, more: false), Frame.end
            )
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, from: 0, configuration: .quick)
            #expect(Self.ids(try await client.collect()) == Array(1...11))
        }
    }

    @Test func `a token that has run out is renewed for history`() async throws {
        try await HostileServer.run(
            Self.hub(last: 8) { connection, after in
                guard connection.request.headers["authorization"] == "Bearer \(after < 5 ? 1 : 2)" else {
                    try await connection.answer("401 Unauthorized")
                    return true
                }
                return false
            }
        ) { server in
            let tokens = NIOLockedValueBox(0)
            let client = try TributaryClient(
                url: server.url,
                token: {
                    tokens.withLockedValue { count in
                        count += 1
                        return "\(count)"
                    }
                },
                from: 0, configuration: .quick
            )
            let errors = Recorder<TributaryClientError>()
            client.onError { errors.append($0) }
            #expect(Self.ids(try await client.collect()) == Array(1...8))
            #expect(tokens.withLockedValue { $0 } == 2 && errors.values.isEmpty)
        }
    }

    @Test func `a second 401 is final`() async throws {
        try await HostileServer.run(
            Self.hub(last: 8) { connection, _ in
                try await connection.answer("401 Unauthorized")
                return true
            }
        ) { server in
            let client = try TributaryClient(url: server.url, token: { "x" }, from: 0, configuration: .quick)
            let gaps = Recorder<Received<Gap>>()
            client.on(Gap.self) { gaps.append($0) }
            #expect(Self.ids(try await client.collect()) == [1, 2])
            #expect(gaps.values.count == 1 && server.requests.filter(Self.isHistory).count == 2)
        }
    }

    @Test func `closing ends a wait for history at once, and changes nothing`() async throws {
        let (asked, signal) = AsyncStream.makeStream(of: Void.self)
        try await HostileServer.run(
            Self.hub(last: 8, live: Frame.message(9)) { connection, _ in
                connection.hang()
                signal.yield()
                return true
            }
        ) { server in
            let client = try TributaryClient(url: server.url, from: 0, configuration: .quick)
            let run = client.start()
            for await _ in asked { break }
            client.close()
            try await run.value
            #expect(client.cursor == 2)
            while server.openConnections > 0 { await Task.yield() }
        }
    }

    @Test func `other channels in the middle of a page go on from the last event handed over`() async throws {
        try await HostileServer.run(Self.hub(last: 20)) { server in
            let client = try TributaryClient(url: server.url, channels: [.chat], from: 0, configuration: .quick)
            client.on(MessageNew.self) { event in
                if event.id?.rawValue == 4 { client.subscribe(.jobs) }
            }
            #expect(Self.ids(try await client.collect()) == Array(1...20))
            let streams = server.requests.filter { $0.path == "/stream" }
            #expect(streams.map(\.cursor) == ["0", "4"])
            #expect(server.requests.last { Self.isHistory($0) }?.query["channels"] == "chat,jobs")
        }
    }

    @Test func `live events wait in a bounded buffer while history is away`() async throws {
        let size = 64 << 10
        let frame = "event: bulk\ndata: " + String(repeating: "x", count: size) + "\n\n"
        let sent = NIOLockedValueBox(0)
        let isBack = NIOLockedValueBox(false)
        try await HostileServer.run { connection in
            if connection.isHistory {
                guard isBack.withLockedValue({ $0 }) else { return try await connection.answer("503 No") }
                return try await connection.answerJSON(Frame.history([2]))
            }
            try await connection.stream(
                Frame.connected(from: 0, latest: 2), Frame.message(1),
                Frame.replayEnd(last: 1, replayed: 1, more: true),
                Frame.gap(from: 2, to: 2)
            )
            // 64 MiB: far beyond what sockets hold. Each write waits until the socket has taken it.
            for _ in 0..<1_000 {
                try await connection.send(frame)
                sent.withLockedValue { $0 += 1 }
            }
            try await connection.send(Frame.end)
            connection.hang()
        } _: { server in
            let client = try TributaryClient(
                url: server.url, from: 0, configuration: .quick.with { $0.catchUpBuffer = 1 << 20 }
            )
            let received = Recorder<String>()
            client.onEveryEvent { received.append($0.id ?? $0.name) }
            let events = client.allEvents
            try await client.running {
                // Until nothing more goes out.
                var before = -1
                while sent.withLockedValue({ $0 }) != before || before < 16 {
                    before = sent.withLockedValue { $0 }
                    try await Task.sleep(for: .milliseconds(300))
                }
                #expect(before < 900)
                #expect(received.values == ["connected", "1", "replay.end"])
                isBack.withLockedValue { $0 = true }
                for try await event in events where event.name == "test.end" { break }
            }
            #expect(received.values.prefix(5) == ["connected", "1", "replay.end", "2", "bulk"])
            #expect(received.values.count { $0 == "bulk" } == 1_000)
        }
    }

    @Test func `a gap without a replay that was cut short is told as ever`() async throws {
        try await HostileServer.run { connection in
            try await connection.stream(
                Frame.connected(from: 0, latest: 2), Frame.gap(from: 1, to: 1, reason: "cursor_not_found"),
                Frame.message(2), Frame.replayEnd(last: 2, replayed: 1, more: false), Frame.gap(from: 3, to: 4),
                Frame.end
            )
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, from: 0, configuration: .quick)
            let gaps = Recorder<Received<Gap>>()
            client.on(Gap.self) { gaps.append($0) }
            _ = try await client.collect()
            #expect(gaps.values.map(\.from) == [1, 3])
            #expect(!server.requests.contains(where: Self.isHistory))
        }
    }
}
