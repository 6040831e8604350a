import Foundation
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// Presence and typing over HTTP.
@Suite struct PresenceTests {
    @Test func `a project's users are listed while they have streams`() async throws {
        try await TestServer.run { server in
            let empty = try await server.get("/presence?project_id=p1")
            #expect(empty.status == 200 && empty.body == #"{"count":0,"project_id":"p1","users":[]}"#)
            let ada = try await server.stream("user_id=ada&project_id=p1&channels=chat")
            let anonymous = try await server.stream("project_id=p1&channels=chat")
            try await server.until("/presence?project_id=p1") { $0["count"] as? Int == 1 }
            let object = try await server.get("/presence?projectId=p1").object
            let user = try #require((object["users"] as? [[String: Any]])?.first)
            #expect(user["userId"] as? String == "ada" && user["status"] as? String == "online")
            #expect(user["user_type"] as? String == "client")
            #expect((user["since"] as? String)?.hasSuffix("Z") == true)
            #expect(try await server.get("/presence").object["count"] as? Int == 0)
            await ada.close()
            await anonymous.close()
        }
    }

    @Test func `a user is away when it says so`() async throws {
        try await TestServer.run { server in
            let watcher = try await server.stream("user_id=eve&project_id=p1&channels=presence")
            let ada = try await server.stream("user_id=ada&project_id=p1&channels=chat")
            try await server.until("/presence?project_id=p1") { $0["count"] as? Int == 2 }
            let answer = try await server.send("POST", "/presence?user_id=ada&project_id=p1", #"{"status":"away"}"#)
            #expect(answer.status == 200 && answer.body == #"{"project_id":"p1","status":"away","userId":"ada"}"#)
            try await watcher.receive(#""away""#)
            try await server.until("/presence?project_id=p1") { object in
                (object["users"] as? [[String: Any]])?.contains { $0["status"] as? String == "away" } == true
            }
            let body = #"{"status":"online","user_id":"ada","project_id":"p1"}"#
            #expect(try await server.send("POST", "/presence", body).status == 200)
            let absent = try await server.send("POST", "/presence?user_id=bob&project_id=p1", #"{"status":"away"}"#)
            #expect(absent.status == 409 && absent.error == "not_present")
            await ada.close()
        }
    }

    @Test(arguments: [
        ("/presence", "", "malformed_json"), ("/presence", "{}", "invalid_status"),
        ("/presence", #"{"status":"offline"}"#, "invalid_status"), ("/presence", #"{"status":1}"#, "invalid_status"),
        ("/presence?project_id=a%20b", #"{"status":"away"}"#, "invalid_project_id"),
        ("/presence?user_id=", #"{"status":"away"}"#, "invalid_user_id"),
        ("/presence?user_id=u", #"{"status":"away","user_id":"u"}"#, "repeated_parameter"),
        ("/typing", "[]", "malformed_json"), ("/typing", "{}", "invalid_state"),
        ("/typing", #"{"state":"pause"}"#, "invalid_state"), ("/typing", #"{"state":true}"#, "invalid_state"),
        ("/typing", #"{"state":"start","project_id":7}"#, "invalid_project_id"),
    ])
    func `what is wrong is told`(_ target: String, _ body: String, _ code: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.send("POST", target, body)
            #expect(answer.status == 400 && answer.error == code, "\(answer.body)")
        }
    }

    @Test func `a wrong project and a wrong method are told`() async throws {
        try await TestServer.run { server in
            #expect(try await server.get("/presence?project_id=").error == "invalid_project_id")
            let typing = try await server.get("/typing")
            #expect(typing.status == 405 && typing.field("Allow") == "POST, OPTIONS")
            #expect(try await server.get("/presence", method: "DELETE").field("Allow") == "GET, HEAD, POST, OPTIONS")
        }
    }

    @Test func `others read that a user types, and that it has stopped`() async throws {
        try await TestServer.run(hub: { $0.typingMilliseconds = 300 }) { server in
            let watcher = try await server.stream("user_id=eve&project_id=p1&channels=chat")
            let start = try await server.send("POST", "/typing?project_id=p1&user_id=ada", #"{"state":"start"}"#)
            #expect(start.status == 204 && start.body.isEmpty)
            // It stops by itself.
            var events = try await watcher.events(count: 3)
            #expect(events.map(\.event) == ["connected", "typing.start", "typing.stop"])
            #expect(events[1].data.contains(#""userId":"ada""#) && events[1].id == nil)
            let body = { (state: String) in #"{"state":"\#(state)","user_id":"ada","project_id":"p1"}"# }
            for state in ["start", "stop"] {
                #expect(try await server.send("POST", "/typing", body(state)).status == 204)
            }
            events = try await watcher.events(count: 5)
            // On a busy machine it may have stopped by itself before it was told to.
            #expect(events[3...4].map(\.event) == ["typing.start", "typing.stop"])
        }
    }
}
