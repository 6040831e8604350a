import Testing

@testable import TributaryClient

@Suite struct ContentTypeTests {
    @Test(arguments: [
        "text/event-stream", "Text/Event-Stream", "text/event-stream; charset=utf-8", " text/event-stream;x",
    ])
    func `is an event stream`(type: String) { #expect(StreamAttempt.isEventStream(type)) }

    @Test(arguments: [nil, "", "text/html", "text/event-streams", "application/json; text/event-stream"])
    func `is none`(type: String?) { #expect(!StreamAttempt.isEventStream(type)) }
}
