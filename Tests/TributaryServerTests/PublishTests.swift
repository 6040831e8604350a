import Foundation
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

@Suite struct PublishTests {
    @Test func `every reason to refuse an event has its code, and is counted`() async throws {
        let cases: [(body: String, code: String)] = [
            ("", "malformed_json"), ("not json", "malformed_json"), ("{\"a\":1}}", "malformed_json"),
            ("{\"channel\":\"chat\",\"event\":\"x\",\"data\":NaN}", "malformed_json"), ("3", "malformed_json"),
            ("\"text\"", "malformed_json"),
            (#"{"event":"x","data":1}"#, "missing_channel"),
            (#"{"channel":null,"event":"x","data":1}"#, "missing_channel"),
            (#"{"channel":"nope","event":"x","data":1}"#, "unknown_channel"),
            (#"{"channel":3,"event":"x","data":1}"#, "malformed_envelope"),
            (#"{"channel":"chat","channel":"jobs","event":"x","data":1}"#, "malformed_envelope"),
            (#"{"channel":"chat","event":"x","data":1,"data":2}"#, "malformed_envelope"),
            (#"{"channel":"chat","data":1}"#, "missing_event"),
            (#"{"channel":"chat","event":"a\nb","data":1}"#, "invalid_event"),
            (#"{"channel":"chat","event":"","data":1}"#, "invalid_event"),
            (#"{"channel":"chat","event":"connected","data":1}"#, "reserved_event"),
            (#"{"channel":"chat","event":"x"}"#, "missing_data"),
            (#"{"channel":"chat","event":"x","data":1,"to":{"users":"u"}}"#, "invalid_recipient"),
            (#"{"channel":"chat","event":"x","data":1,"project_id":"a b"}"#, "invalid_project_id"),
            (#"{"channel":"chat","event":"x","data":1,"project_id":"a","projectId":"a"}"#, "malformed_envelope"),
            (#"{"channel":"chat","event":"message.new","data":1,"id":"01HX"}"#, "invalid_id"),
            (#"{"channel":"chat","event":"message.new","data":1,"id":0}"#, "invalid_id"),
            (#"{"channel":"chat","event":"message.new","data":1,"id":-1}"#, "invalid_id"),
            (#"{"channel":"chat","event":"message.new","data":1,"client_msg_id":7}"#, "invalid_client_msg_id"),
            (#"{"channel":"chat","event":"message.new","data":1,"traceparent":"00-a-b-01"}"#, "invalid_traceparent"),
            (#"{"channel":"chat","event":"x","data":1,"traceparent":"a","traceparent":"b"}"#, "malformed_envelope"),
        ]
        try await TestServer.run { server in
            let stream = try await server.stream("channels=chat")
            for (body, code) in cases {
                let answer = try await server.publish(body)
                #expect(answer.status == 400 && answer.error == code, "\(body): \(answer.body)")
                #expect(answer.object["message"] is String)
            }
            let figures = await server.hub.statistics()
            for (code, group) in Dictionary(grouping: cases, by: \.code) {
                #expect(figures.relay.rejectedTotal[code] == UInt64(group.count), "\(code)")
            }
            // Nothing of it reached anybody.
            _ = try await server.publish(#"{"channel":"chat","event":"last","data":1}"#)
            #expect(try await stream.events(count: 2)[1].event == "last")
        }
    }

    /// An event alone is answered at once, what stands between goes by way of the router: the order stays.
    @Test func `requests that were sent ahead are answered in their order`() async throws {
        @Sendable func post(_ body: String, more: String = "") -> String {
            "POST /publish HTTP/1.1\r\nHost: t\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        try await TestServer.run { server in
            let stream = try await server.stream("channels=chat")
            var requests = ""
            for number in 0..<20 {
                requests += post(#"{"channel":"chat","event":"x","data":\#(number * 3)}"#)
                requests += post(#" [{"channel":"chat","event":"x","data":\#(number * 3 + 1)}]"#)
                requests += "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"
                requests += post(#"\#n{"channel":"chat","event":"x","data":\#(number * 3 + 2)}"#)
                requests += post(#"{"channel":"nope","event":"x","data":0}"#)
            }
            requests += post(#"{"channel":"chat","event":"x","data":60}"#, more: "Connection: close\r\n")
            let text = try await server.exchange(requests)
            let bodies = text.components(separatedBy: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
            let receipt = #","duplicate":false}"#
            for number in 0..<20 {
                #expect(bodies[number * 5].hasSuffix(receipt) && bodies[number * 5 + 1].hasSuffix(receipt + "]"))
                #expect(bodies[number * 5 + 2].hasPrefix(#"{"status":"ok"}"#))
                #expect(bodies[number * 5 + 3].hasSuffix(receipt) && bodies[number * 5 + 4].contains("unknown_channel"))
            }
            #expect(bodies.count == 101 && bodies[100].hasSuffix(receipt))
            let events = try await stream.events(count: 62).dropFirst()
            #expect(events.map(\.data) == (0...60).map(String.init))
            await stream.close()
        }
    }

    @Test func `bytes that are not UTF-8 are refused`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            let body = Array(#"{"channel":"chat","event":"x","data":""#.utf8) + [0xFF] + Array("\"}".utf8)
            await client.send("POST /publish HTTP/1.1\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\r\n")
            await client.send(body)
            #expect(try await Answer(client.receiveAll()).error == "malformed_json")
            await client.close()
        }
    }

    @Test func `aliases, projects and recipients go where they should`() async throws {
        try await TestServer.run { server in
            let mine = try await server.stream("channels=job&project_id=p1&user_id=u1")
            let other = try await server.stream("channels=jobs&project_id=p1&user_id=u2")
            let elsewhere = try await server.stream("channels=jobs&user_id=u1")
            _ = try await server.publish(
                #"{"channel":"job","projectId":"p1","event":"job.progress","data":1,"to":{"user":"u1"}}"#
            )
            _ = try await server.publish(#"{"channel":"jobs","project_id":"p1","event":"job.progress","data":2}"#)
            _ = try await server.publish(#"{"channel":"jobs","project_id":null,"event":"job.progress","data":3}"#)
            #expect(try await mine.events(count: 3).dropFirst().map(\.data) == ["1", "2"])
            #expect(try await other.events(count: 2).dropFirst().map(\.data) == ["2"])
            #expect(try await elsewhere.events(count: 2).dropFirst().map(\.data) == ["3"])
        }
    }

    @Test func `an array's items stand each on their own`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("channels=chat")
            let answer = try await server.publish(
                #"""
                 [ {"channel":"chat","event":"message.new","id":"5","data":{"a": 1 }} , 7,
                 {"channel":"chat","event":"open","data":1}, {"channel":"chat","event":"typing.start","data":[ ]} ]
                """#
            )
            #expect(answer.status == 200)
            let items = try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [[String: Any]])
            #expect(items.map { $0["error"] as? String } == [nil, "malformed_envelope", "reserved_event", nil])
            #expect(items[0]["id"] as? Int == 5 && items[3]["id"] is NSNull)
            let events = try await stream.events(count: 3)
            #expect(events.map(\.data).dropFirst() == [#"{"a": 1 }"#, "[ ]"])
            #expect(try await server.publish("[]").body == "[]")
            #expect(try await server.publish("[1,]").error == "malformed_json")
        }
    }

    @Test func `a request's traceparent counts for its events that have none, if it is one`() async throws {
        let own = "00-11111111111111111111111111111111-2222222222222222-01"
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let body = #"""
            [{"channel":"chat","event":"message.new","data":1}, {"channel":"chat","event":"message.new","data":2,
            "traceparent":"\#(own)"}, {"channel":"chat","event":"message.new","data":3,"traceparent":null},
            {"channel":"chat","event":"message.new","data":4,"traceparent":"x"}]
            """#
        let cases: [(lines: String, traces: [String?])] = [
            ("Traceparent: \(header)\r\n", [header, own, header]), ("", [nil, own, nil]),
            ("traceparent: \(header)-x\r\n", [nil, own, nil]), ("traceparent: \r\n", [nil, own, nil]),
            ("traceparent: \(header)\r\ntraceparent: \(header)\r\n", [nil, own, nil]),
        ]
        try await TestServer.run { server in
            for (lines, traces) in cases {
                let answer = try Answer(
                    try await server.exchange(
                        "POST /publish HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(lines)"
                            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    ))
                let items = try #require(
                    try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [[String: Any]])
                #expect(items.map { $0["error"] as? String } == [nil, nil, nil, "invalid_traceparent"])
                let user = try UserID("u1")
                for (item, trace) in zip(items, traces) {
                    let id = try #require((item["id"] as? UInt64).flatMap(EventID.init))
                    let logged = await server.hub.explain(id, to: user, in: .default).logged
                    #expect(logged.state == "found" && logged.traceparent == trace, "\(lines)")
                }
            }
        }
    }

    @Test func `a batch is bounded`() async throws {
        try await TestServer.run { server in
            let item = #"{"channel":"chat","event":"x","data":1}"#
            let most = try await server.publish("[" + Array(repeating: item, count: 1_000).joined(separator: ",") + "]")
            #expect(most.status == 200)
            let more = try await server.publish("[" + Array(repeating: item, count: 1_001).joined(separator: ",") + "]")
            #expect(more.status == 413 && more.error == "too_many_events")
        }
    }

    @Test func `without a relay publishing is refused for now, and readiness says so`() async throws {
        try await TestServer.run { server in
            #expect(try await server.get("/readyz").body == #"{"ready":true}"#)
            server.relay.set(up: false)
            let answer = try await server.publish(#"{"channel":"chat","event":"x","data":1}"#)
            #expect(answer.status == 503 && answer.error == "relay_unavailable" && answer.field("Retry-After") == "1")
            let ready = try await server.get("/readyz")
            #expect(ready.status == 503 && ready.error == "not_ready")
            #expect(ready.object["reason"] as? String == "relay_unavailable")
            #expect(try await server.get("/healthz").status == 200)
            server.relay.set(up: true)
            #expect(try await server.get("/readyz").status == 200)
        }
    }

    @Test func `figures can be narrowed to a project`() async throws {
        try await TestServer.run { server in
            let one = try await server.stream("channels=chat&project_id=p1&user_id=u1")
            _ = try await server.stream("channels=chat,jobs&project_id=p2&user_id=u2")
            _ = try await server.publish(#"{"channel":"chat","project_id":"p1","event":"x","data":1}"#)
            try await one.events(count: 2)
            try await server.figures { $0.channels["chat"]?.deliveredTotal == 1 }
            let whole = try await server.get("/stats")
            #expect(whole.field("Content-Type") == "application/json")
            let streams = try #require(whole.object["streams"] as? [String: Any])
            #expect(streams["open"] as? Int == 2 && streams["opened_total"] as? Int == 2)
            #expect(whole.object["node"] as? String == "test" && whole.object["pid"] is Int)
            let narrowed = try await server.get("/stats?project_id=p2")
            let channels = try #require(narrowed.object["channels"] as? [String: [String: Any]])
            #expect(channels["chat"]?["streams"] as? Int == 1 && channels["chat"]?["delivered_total"] as? Int == 0)
            #expect(try await server.get("/stats?project_id=%20").error == "invalid_project_id")
        }
    }
}
