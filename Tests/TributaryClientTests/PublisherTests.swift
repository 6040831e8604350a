import AsyncHTTPClient
import Foundation
import NIOCore
import Testing
import TributaryClient
import TributaryProtocol

@Suite(.timeLimit(.minutes(1))) struct PublisherTests {
    private static let accepted: HostileServer.Script = {
        try await $0.answer(
            "200 OK", headers: ["Content-Type: application/json"], body: #"{"id":132,"duplicate":false}"#)
    }

    private func publisher(_ server: HostileServer, token: String? = nil) throws -> TributaryPublisher {
        let url = try #require(URL(string: server.url))
        return TributaryPublisher(.http(url, token: { token }))
    }

    @Test func `a typed event goes to its channel with all that was said of it`() async throws {
        try await HostileServer.run(Self.accepted) { server in
            let receipt = try await publisher(server, token: "secret").publish(
                JobStarted(id: 7, taskType: "build", status: "running"),
                to: try ProjectID("p1"),
                id: EventID(132),
                toUser: try UserID("a\"b"),
                clientMessageID: "k",
                trace: TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            )
            #expect(receipt == PublishReceipt(id: 132, duplicate: false))
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.path == "/publish")
            #expect(request.headers["authorization"] == "Bearer secret")
            #expect(request.headers["content-type"] == "application/json")
            let body = try JSONDecoder().decode(JSONValue.self, from: Data(request.body.utf8))
            #expect(
                body == [
                    "channel": "jobs", "project_id": "p1", "event": "job.started", "id": 132, "client_msg_id": "k",
                    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                    "to": ["user": "a\"b"], "data": ["id": 7, "task_type": "build", "status": "running"],
                ]
            )
        }
    }

    @Test func `raw JSON travels byte for byte`() async throws {
        try await HostileServer.run(Self.accepted) { server in
            try await publisher(server).publish(try EventName("x.y"), json: #"{"a": 1.0, "é" : [ ] }"#, on: .chat)
            let body = try #require(server.requests.first).body
            #expect(
                body == #"{"channel":"chat","project_id":"default","event":"x.y","data":{"a": 1.0, "é" : [ ] }}"#
            )
        }
    }

    @Test(arguments: ["", "{", #"1,"channel":"jobs""#, "{} {}", "NaN"])
    func `what is not one JSON value is not sent`(json: String) async throws {
        try await HostileServer.run(Self.accepted) { server in
            await #expect(throws: TributaryClientError.self) {
                try await publisher(server).publish(try EventName("x"), json: json, on: .chat)
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `a refusal carries the hub's code and message`() async throws {
        try await HostileServer.run {
            try await $0.answer("503 No", body: #"{"error":"relay_unavailable","message":"try again"}"#)
        } _: { server in
            let refusal = HTTPRefusal(status: 503, code: "relay_unavailable", message: "try again")
            await #expect(throws: refusal) {
                try await publisher(server).publish(try EventName("x"), json: "1", on: .chat)
            }
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: ["", "<html>", #"{"id":"x"}"#])
    func `an answer that makes no sense is an error`(body: String) async throws {
        try await HostileServer.run {
            try await $0.answer("200 OK", body: body)
        } _: { server in
            await #expect(throws: TributaryClientError.self) {
                try await publisher(server).publish(try EventName("x"), json: "1", on: .chat)
            }
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a hub that says nothing is given up`() async throws {
        try await HostileServer.run { connection in
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
            connection.hang()
        } _: { server in
            let http = HTTPClient()
            let transport = HTTPPublishTransport(
                url: try #require(URL(string: server.url)), httpClient: http, timeout: .milliseconds(200)
            )
            await #expect(throws: TributaryClientError.self) {
                try await TributaryPublisher(transport).publish(try EventName("x"), json: "1", on: .chat)
            }
            // Where the time-out came before the request was sent, the connection went to the pool.
            try await http.shutdown()
            while server.openConnections > 0 { await Task.yield() }
        }
    }

    @Test func `a hub that is not there is an error`() async throws {
        let port = try await HostileServer.run { _ in
        } _: {
            $0.port
        }
        let publisher = TributaryPublisher(.http(try #require(URL(string: "http://127.0.0.1:\(port)"))))
        await #expect(throws: TributaryClientError.self) {
            try await publisher.publish(try EventName("x"), json: "1", on: .chat)
        }
    }
}
