import NIOCore
import Testing
import TributaryProtocol

@Suite struct HistoryPageTests {
    private func event(_ id: UInt64, _ data: String) throws -> HistoryEvent {
        HistoryEvent(
            id: try #require(EventID(id)), channel: "chat", name: "message.new", data: ByteBuffer(string: data),
            timestamp: "2026-01-01T00:00:00.000Z"
        )
    }

    @Test func `the answer is what the contract says, data byte for byte`() throws {
        let page = HistoryPage(events: [try event(7, #"{"a": 1.0, "é" : [ ] }"#)], more: true, latest: EventID(340))
        #expect(
            String(buffer: page.encode())
                == #"{"events":[{"id":7,"channel":"chat","event":"message.new","data":{"a": 1.0, "é" : [ ] },"#
                + #""timestamp":"2026-01-01T00:00:00.000Z"}],"more":true,"latest_seq":340}"#
        )
        #expect(String(buffer: HistoryPage().encode()) == #"{"events":[],"more":false,"latest_seq":null}"#)
    }

    @Test func `what is encoded is scanned again`() throws {
        // As deep as an envelope's data may be.
        let deep = String(repeating: "[", count: 255) + String(repeating: "]", count: 255)
        let pages = [
            HistoryPage(),
            HistoryPage(
                events: [try event(1, "null"), try event(2, deep), try event(3, "\"\\u00e9\\\"]}\"")], more: true,
                latest: EventID(EventID.maximum), gap: HistoryPage.Missing(from: 1, to: 6)
            ),
            HistoryPage(gap: HistoryPage.Missing(from: 12, to: nil)),
        ]
        for page in pages { #expect(try HistoryPage.scan(page.encode()) == page) }
    }

    @Test func `unknown keys and white space do not matter`() throws {
        var body = ByteBuffer(string: "xx")
        body.writeString(
            #" { "events" : [ { "x":[{}], "data" : [ 1 ] , "event":"\u0061", "id": 7 } ] , "more":false, "y":{"more":true},"#
                + "\n \"recovered\":false }\n"
        )
        body.moveReaderIndex(forwardBy: 2)
        let page = try HistoryPage.scan(body)
        #expect(page.events.map(\.id.rawValue) == [7] && page.events.map(\.name) == ["a"])
        #expect(page.events.first.map { String(buffer: $0.data) } == "[ 1 ]")
        #expect(page.gap == HistoryPage.Missing(from: 0, to: nil) && !page.more)
    }

    @Test(arguments: [
        "", "[]", "null", "{}", #"{"events":[]}"#, #"{"events":{},"more":true}"#, #"{"events":[],"more":1}"#,
        #"{"events":[1],"more":true}"#, #"{"events":[{"id":0,"event":"x","data":1}],"more":false}"#,
        #"{"events":[{"id":1,"event":"x"}],"more":false}"#, #"{"events":[],"more":false}}"#,
    ])
    func `anything else is malformed`(body: String) {
        #expect(throws: HistoryPage.Malformed.self) { try HistoryPage.scan(ByteBuffer(string: body)) }
    }
}
