import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@Suite struct PublishRequestTests {
    private static func scan(_ text: String, limit: Int = 10) throws -> PublishRequest.Body {
        try Array(text.utf8).withUnsafeBytes { bytes throws(PublishRequest.BodyError) in
            try PublishRequest.scan(bytes, limit: limit)
        }
    }

    private static func text(_ request: PublishRequest, of body: String) -> String {
        String(decoding: Array(body.utf8)[request.data], as: UTF8.self)
    }

    @Test func `an object is one request, with its data where it stands`() throws {
        let body = #" {"data": {"a" : 1 } ,"\u0063hannel":"chat","event":"x","project_id":"p1","id":"7"} "#
        guard case .one(.success(let request)) = try Self.scan(body) else { throw Unexpected() }
        #expect(request.channel == "chat" && request.project.rawValue == "p1" && request.id?.rawValue == 7)
        #expect(Self.text(request, of: body) == #"{"a" : 1 }"#)
    }

    @Test func `an array's data is found behind its own offset`() throws {
        let body = #"[{"channel":"chat","event":"x","data":1}, {"channel":"jobs","event":"y","data":"zwei"},3]"#
        guard case .many(let items) = try Self.scan(body) else { throw Unexpected() }
        #expect(items.count == 3)
        #expect(try Self.text(items[1].get(), of: body) == #""zwei""#)
        #expect(throws: PublishRequest.Rejection.envelope(.malformed)) { try items[2].get() }
        #expect(throws: PublishRequest.BodyError.tooManyItems) { try Self.scan(body, limit: 2) }
    }

    @Test func `a traceparent is read, and refused if it is none`() throws {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let members = [
            #","traceparent":"\#(text)""#, "", #","traceparent":null"#, #","traceparent":"""#, #","traceparent":7"#,
            #","traceparent":{"a":"\#(text)"}"#, #","traceparent":"\#(text)-x""#, #","trace\u0070arent":"00-a-b-01""#,
        ]
        let body = members.map { #"{"channel":"chat","event":"x","data":1\#($0)}"# }
        guard case .many(let items) = try Self.scan("[\(body.joined(separator: ","))]") else { throw Unexpected() }
        #expect(try items.prefix(3).map { try $0.get().trace?.rawValue } == [text, nil, nil])
        #expect(items.count == body.count)
        for (item, text) in zip(items, body).dropFirst(3) {
            #expect(throws: PublishRequest.Rejection.invalidTraceParent, "\(text)") { try item.get() }
        }
    }

    @Test func `what a client writes is read as the same request`() throws {
        let event = Event(
            channel: .chat, project: try ProjectID("p1"), name: try EventName("x"), data: ByteBuffer(string: "[1 ]"),
            id: EventID(7), recipient: try UserID("u\"1"), clientMessageID: "k",
            trace: TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        )
        let body = String(buffer: PublishRequest.encode(event))
        guard case .one(.success(let request)) = try Self.scan(body) else { throw Unexpected() }
        #expect(request.channel == "chat" && request.project == event.project && request.event == event.name)
        #expect(request.id == event.id && request.recipient == event.recipient && request.clientMessageID == "k")
        #expect(request.trace != nil && request.trace == event.trace)
        #expect(Self.text(request, of: body) == "[1 ]")
    }

    @Test func `no bytes whatever break the scanner, 100,000 times`() async throws {
        var random = SeededGenerator(seed: 3)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "null", "1", "-", "1e5", "\u{0}", "€",
            #""channel":"chat""#, #""event":"x""#, #""data":"#, #""project_id":"p""#, #""id":3"#, #""to":{"user":"u"}"#,
            #""client_msg_id":"c""#, #"{"channel":"chat","event":"x","data":{"a":[1]}}"#,
        ]
        var accepted = 0
        for index in 0..<100_000 {
            // The other tests want their turn.
            if index.isMultiple(of: 500) { await Task.yield() }
            var text = Bool.random(using: &random) ? #"{"channel":"chat","event":"x","data":1"# : ""
            for _ in 0..<Int.random(in: 0...6, using: &random) { text += pieces.randomElement(using: &random) ?? "" }
            let bytes = Array((text + (Bool.random(using: &random) ? "}" : "")).utf8)
            try bytes.withUnsafeBytes { bytes in
                guard let body = try? PublishRequest.scan(bytes, limit: 4) else { return }
                let requests =
                    switch body {
                    case .one(let result): [result]
                    case .many(let results): results
                    }
                for request in requests.compactMap({ try? $0.get() }) {
                    accepted += 1
                    let data = UnsafeRawBufferPointer(rebasing: bytes[request.data])
                    guard isJSON(data) else { throw Unexpected() }
                }
            }
        }
        #expect(accepted > 1_000, "the cases must reach what lies behind the scanner")
    }

    private struct Unexpected: Error {}
}
