import Foundation
import Testing
import TributaryProtocol

@testable import tributary

@Suite struct EventLineTests {
    private let plain = Palette(isColoured: false)

    private func text(_ line: EventLine) -> String { line.text(at: Date(timeIntervalSince1970: 0), palette: plain) }

    @Test func `a typed event is said in a few words`() {
        let line = EventLine(
            name: "message.new",
            data: """
                {"messageId":"m","projectId":"p","userId":"u1","timestamp":0,
                "content":{"text":"hello\\nthere","type":"text","mode":"chat","actor_type":"client"}}
                """,
            id: "7"
        )
        #expect(text(line).hasSuffix(" message.new              #7 u1: hello there"))
    }

    @Test func `an event under an alias or its replay name reaches the same words`() {
        #expect(
            text(EventLine(name: "job_started", data: #"{"id":7,"task_type":"export","status":"queued"}"#))
                .hasSuffix(" export 7 queued"))
        #expect(
            text(
                EventLine(
                    name: "message.replay",
                    data:
                        #"{"messageId":1,"projectId":"p","userId":"u","timestamp":0,"content":{"text":"t","type":"","mode":"","actor_type":""}}"#,
                    isReplay: true
                )
            ).hasSuffix(" (replay) u: t"))
    }

    @Test func `a gap names the ids that it knows`() {
        let cases = [
            (#","from":4,"to":7"#, " #4 to #7"), (#","from":4"#, " from #4 on"), (#","to":7"#, " up to #7"), ("", ""),
        ]
        for (members, ids) in cases {
            let data =
                #"{"project_id":"p1","channels":["chat","jobs"],"reason":"log_trimmed"\#(members),"timestamp":"t"}"#
            let line = EventLine(name: "gap", data: data)
            #expect(line.summary == "events\(ids) of chat, jobs may be missing: log_trimmed")
        }
    }

    @Test func `what no type decodes is shown as it came`() {
        #expect(text(EventLine(name: "deploy.done", data: #"{"a": 1}"#)).hasSuffix(#" {"a": 1}"#))
        #expect(text(EventLine(name: "message.new", data: #"{"a": 1}"#)).hasSuffix(#" {"a": 1}"#))
    }

    @Test func `a publisher cannot write to the terminal`() {
        let line = text(EventLine(name: "x\u{1B}[2J", data: "\"\u{1B}]0;title\u{7}\u{202E}\u{9B}\"", id: "\u{1B}c"))
        for scalar in line.unicodeScalars {
            #expect(scalar.value >= 0x20 && scalar.value != 0x9B && scalar != "\u{202E}")
        }
        #expect(line.contains("\\u{1b}[2J"))
    }

    @Test func `JSON lines are one line and keep the data's bytes`() throws {
        let line = EventLine(name: "a\"b", data: "{\n \"n\": 1.50,\r\n \"t\": \"x\\n\"}", id: "7", isReplay: true)
        #expect(line.json == #"{"event":"a\"b","id":"7","replay":true,"data":{  "n": 1.50,  "t": "x\n"}}"#)
        #expect(EventLine(name: "x", data: "not JSON\n").json == #"{"event":"x","data":"not JSON\n"}"#)
    }

    @Test func `every type of the contract has words of its own`() {
        for type in EventTypes.all { #expect(type is any Summarized.Type, "\(type.eventName)") }
    }

    @Test func `progress of any size is shown`() {
        for progress in ["-1e300", "1e300", "50.4"] {
            #expect(text(EventLine(name: "job.progress", data: "{\"id\":1,\"progress\":\(progress)}")).contains(" %"))
        }
    }

    @Test func `colour is for terminals whose user wants it`() {
        // Descriptor -1 is no terminal.
        #expect(!Palette.forTerminal(-1, environment: [:]).isColoured)
        #expect(Palette(isColoured: true).dim("x") == "\u{1B}[2mx\u{1B}[0m")
        #expect(plain.dim("x") == "x")
    }
}
