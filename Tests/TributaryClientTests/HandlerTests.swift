import Testing
import TributaryClient
import TributaryProtocol

/// Who gets which event, and as what.
@Suite(.timeLimit(.minutes(1))) struct HandlerTests {
    /// One connection with these frames.
    private func serve<Result: Sendable>(
        _ frames: String..., body: @Sendable (TributaryClient) async throws -> Result
    ) async throws -> Result {
        let stream = frames.joined() + Frame.end
        return try await HostileServer.run { connection in
            try await connection.stream(stream)
            connection.hang()
        } _: { server in
            try await body(try TributaryClient(url: server.url, configuration: .quick))
        }
    }

    @Test func `a replay reaches the same handler, marked`() async throws {
        let frames =
            Frame.connected(from: 0, latest: 2) + Frame.message(1, name: "message.replay")
            + "event: replay.end\ndata: "
            + #"{"projectId":"p1","lastReplayedSeq":1,"replayed":1,"totalAvailable":1,"more":false,"message":""}"#
            + "\n\n"
            + Frame.message(2)
        let (messages, ends) = try await serve(frames) { client in
            let messages = Recorder<Received<MessageNew>>()
            let ends = Recorder<Int>()
            client.on(MessageNew.self) { messages.append($0) }
            client.on(ReplayEnd.self) { ends.append($0.replayed) }
            _ = try await client.collect()
            return (messages.values, ends.values)
        }
        #expect(messages.map(\.isReplay) == [true, false])
        #expect(messages.map(\.name) == ["message.replay", "message.new"])
        #expect(messages.map(\.id) == [EventID(1), EventID(2)])
        #expect(messages.map(\.messageID) == ["m1", "m2"])
        #expect(ends == [1])
    }

    @Test func `an alias reaches the handler of its type`() async throws {
        let data = #"{"id":1,"task_type":"t","status":"s"}"#
        let jobs = try await serve("event: job_started\ndata: \(data)\n\nevent: job.started\ndata: \(data)\n\n") {
            client in
            let jobs = Recorder<String>()
            client.on(JobStarted.self) { jobs.append("\($0.name) \($0.taskType) \($0.data.id)") }
            _ = try await client.collect()
            return jobs.values
        }
        #expect(jobs == ["job_started t 1", "job.started t 1"])
    }

    @Test func `a family's handler gets each of its events`() async throws {
        let frames = ["plan.created", "plan.new", "planner"].map { "event: \($0)\ndata: {\"planId\":1}\n\n" }.joined()
        let names = try await serve(frames) { client in
            let names = Recorder<String>()
            client.on(PlanEvent.self) { names.append($0.name) }
            _ = try await client.collect()
            return names.values
        }
        #expect(names == ["plan.created", "plan.new"])
    }

    @Test func `a gap reaches its handler`() async throws {
        let data =
            #"{"project_id":"p1","channels":["presence"],"reason":"relay_reconnected","timestamp":"2026-01-01T00:00Z"}"#
        let channels = try await serve("event: gap\ndata: \(data)\n\n") { client in
            let gaps = Recorder<[String]>()
            client.on(Gap.self) { gaps.append($0.channels) }
            _ = try await client.collect()
            return gaps.values
        }
        #expect(channels == [["presence"]])
    }

    @Test func `data that does not decode reaches the error handler as it came, and the stream lives on`() async throws
    {
        let bad = "id: 1\nevent: message.new\ndata: {\"text\": \"not a\ndata: message\"}\n\n"
        try await serve(bad, Frame.message(2)) { client in
            let messages = Recorder<String>()
            let again = Recorder<String>()
            let errors = Recorder<TributaryClientError>()
            client.on(MessageNew.self) { messages.append("\($0.messageID)") }
            client.on(MessageNew.self) { again.append("\($0.messageID)") }
            client.onError { errors.append($0) }
            let ids = try await client.collect().map(\.id)
            #expect(ids == ["1", "2"])
            #expect(messages.values == ["m2"])
            #expect(again.values == ["m2"])
            #expect(client.cursor == 2)
            guard case .undecodable(let event, "MessageNew", _)? = errors.values.first else {
                Issue.record("\(errors.values)")
                return
            }
            #expect(event.data == "{\"text\": \"not a\nmessage\"}")
            #expect(event.id == "1")
            #expect(errors.values.count == 1)
        }
    }

    @Test func `an event of an unknown type reaches allEvents untouched`() async throws {
        let events = try await serve("id: 5\nevent: brand.new\ndata: {\"a\": 1 }\n\n") { try await $0.collect() }
        #expect(events == [StreamEvent(name: "brand.new", data: #"{"a": 1 }"#, id: "5")])
        #expect(try events[0].decode(as: [String: Int].self) == ["a": 1])
    }

    @Test func `what comes twice is handed over once, a late id is not taken for that`() async throws {
        let frames = [3, 1, 3, 2, 1].map { Frame.message($0) }.joined()
        let ids = try await serve(frames) { try await $0.collect().map(\.id) }
        #expect(ids == ["3", "1", "2"])
    }

    @Test func `a cancelled subscription gets nothing more, the others do`() async throws {
        let frames = (1...4).map { Frame.message($0) }.joined()
        try await serve(frames) { client in
            let first = Recorder<EventID?>()
            let second = Recorder<EventID?>()
            let subscription = client.on(MessageNew.self) { first.append($0.id) }
            client.on(MessageNew.self) { event in
                second.append(event.id)
                if event.id == EventID(2) { subscription.cancel() }
            }
            _ = try await client.collect()
            #expect(first.values == [EventID(1), EventID(2)])
            #expect(second.values.count == 4)
        }
    }

    @Test func `the cursor moves when the handlers have returned`() async throws {
        try await serve(Frame.connected(latest: 9), Frame.message(10), Frame.message(11)) { client in
            let cursors = Recorder<UInt64?>()
            client.on(MessageNew.self) { [weak client] _ in cursors.append(client?.cursor) }
            _ = try await client.collect()
            #expect(cursors.values == [9, 10])
            #expect(client.cursor == 11)
        }
    }

    @Test func `handlers are called one after the other, in order`() async throws {
        try await serve((1...20).map { Frame.message($0) }.joined()) { client in
            let calls = Recorder<String>()
            for name in ["a", "b"] {
                client.on(MessageNew.self) { event in
                    await Task.yield()
                    calls.append("\(event.id?.rawValue ?? 0)\(name)")
                }
            }
            _ = try await client.collect()
            #expect(calls.values == (1...20).flatMap { ["\($0)a", "\($0)b"] })
        }
    }
}
