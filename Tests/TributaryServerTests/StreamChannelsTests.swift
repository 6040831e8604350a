import Foundation
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// Changes of a live stream's channels.
@Suite struct StreamChannelsTests {
    private static let token = "0123456789abcdef"

    @Test func `channels come and go without another connection`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("user_id=ada&project_id=p1&channels=chat")
            let id = try stream.connectionID()
            let target = "/stream/\(id)/channels?user_id=ada"
            let added = try await server.send("POST", target, #"{"add":["job"],"remove":[]}"#)
            #expect(added.status == 200)
            #expect(added.body == #"{"channels":["chat","jobs"],"connection_id":"\#(id)"}"#)
            try await stream.receive("event: subscribed")
            _ = try await server.publish(#"{"channel":"jobs","project_id":"p1","event":"job.progress","data":1}"#)
            try await stream.receive("event: job.progress")
            let removed = try await server.send("POST", target, #"{"remove":["chat"]}"#)
            #expect(removed.body == #"{"channels":["jobs"],"connection_id":"\#(id)"}"#)
            try await stream.receive { $0.components(separatedBy: "event: subscribed").count == 3 }
            #expect(try await server.send("POST", target, #"{"add":["all"]}"#).status == 200)
        }
    }

    @Test func `an added channel is replayed from where the client says`() async throws {
        try await TestServer.run { server in
            let publish = { (text: String) in
                _ = try await server.publish(
                    #"{"channel":"chat","project_id":"p1","event":"message.new","data":"\#(text)"}"#
                )
            }
            try await publish("early")
            let stream = try await server.stream("user_id=ada&project_id=p1&channels=jobs")
            try await publish("late")
            let id = try stream.connectionID()
            let answer = try await server.send(
                "POST", "/stream/\(id)/channels?user_id=ada", #"{"add":["chat"],"from_seq":0}"#
            )
            #expect(answer.status == 200)
            try await stream.receive("event: replay.end")
            #expect(stream.received.contains(#""early""#) && stream.received.contains(#""late""#))
        }
    }

    @Test func `a stream of somebody else is not there, but for an operator`() async throws {
        var configuration = TestServer.patient
        configuration.adminToken = try BearerToken(Self.token)
        try await TestServer.run(configuration) { server in
            let stream = try await server.stream("user_id=ada&project_id=p1&channels=chat")
            let id = try stream.connectionID()
            let body = #"{"add":["jobs"]}"#
            for target in [
                "/stream/\(id)/channels", "/stream/\(id)/channels?user_id=eve", "/stream/x/channels?user_id=ada",
                "/stream/0123456789abcdef0123456789abcdef/channels?user_id=ada",
            ] {
                let answer = try await server.send("POST", target, body)
                #expect(answer.status == 404 && answer.error == "connection_not_found", "\(target)")
            }
            #expect(try await server.send("POST", "/stream/\(id)/channels", body, token: "no").status == 404)
            #expect(try await server.send("POST", "/stream/\(id)/channels", body, token: Self.token).status == 200)
        }
    }

    @Test(arguments: [
        ("", "malformed_json"), ("[]", "malformed_json"), ("{}", "missing_channels"),
        (#"{"add":"chat"}"#, "invalid_add"), (#"{"remove":[1]}"#, "invalid_remove"),
        (#"{"add":["nope"]}"#, "unknown_channel"), (#"{"remove":["nope"]}"#, "unknown_channel"),
        (#"{"add":["chat"],"remove":["chat"]}"#, "contradictory_channels"),
        (#"{"add":["job"],"remove":["jobs"]}"#, "contradictory_channels"),
        (#"{"add":["chat"],"from_seq":-1}"#, "invalid_from_seq"),
        (#"{"add":["chat"],"from_seq":"x"}"#, "invalid_from_seq"),
    ])
    func `what is wrong is told`(_ body: String, _ code: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.send("POST", "/stream/x/channels", body)
            #expect(answer.status == 400 && answer.error == code, "\(answer.body)")
            if code == "unknown_channel" { #expect(answer.object["channel"] as? String == "nope") }
        }
    }
}
