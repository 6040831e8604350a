import Testing

@testable import TributaryBench

@Suite struct TemplateTests {
    @Test func `braces around anything but a small word are text`() {
        let template = Template(#"{"a":{"b":"{project}"},"c":{x"#)
        #expect(template.fields == ["project"])
        #expect(template.filled { $0.uppercased() } == #"{"a":{"b":"PROJECT"},"c":{x"#)
    }

    @Test func `an unknown field is told with those there are`() {
        #expect(throws: BenchError("--url: {projct} is no field (there are {project} {user})")) {
            try Template("/x?p={projct}").check(["project", "user"], option: "--url")
        }
    }

    private func message(_ payload: String, _ body: String, size: Int, project: String = "p1") -> String {
        var maker = MessageMaker(payload: Template(payload), body: Template(body), size: size)
        var bytes: [UInt8] = []
        maker.append(to: &bytes, MessageAddress(project: project), sequence: 42, time: 1_234)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a payload is brought to its size, what surrounds it is not counted`() {
        let text = message(
            #"{"m":"bench#{sequence}@{time}","pad":"{pad}"}"#, #"{"c":"{channel}","d":{payload}}"#, size: 60)
        #expect(text.hasPrefix(#"{"c":"chat","d":{"m":"bench#42@1234","pad":"xxx"#))
        #expect(text.utf8.count == 60 + #"{"c":"chat","d":}"#.utf8.count)
    }

    @Test func `a payload that is too long already has no pad`() {
        #expect(message("bench#{sequence} {pad}", "{payload}", size: 3) == "bench#42 ")
    }

    @Test(arguments: [
        (#"{"mark":"bench#{sequence}@{time}"}"#, "bench#"),
        (#"{"seq":{sequence},"t":{time}}"#, #"{"seq":"#),
        (#"{"p":"{project}","id":"no-{sequence}"}"#, "no-"),
    ])
    func `the text before the number is what a message is found by`(_ payload: String, _ marker: String) throws {
        #expect(try MessageMaker.marker(of: Template(payload)) == marker)
    }

    @Test func `a payload that could not be found again is refused`() {
        #expect(throws: BenchError.self) { try MessageMaker.marker(of: Template("{pad}")) }
        #expect(throws: BenchError.self) { try MessageMaker.marker(of: Template("{sequence}")) }
    }

    @Test func `numbers are written in decimal`() {
        var bytes: [UInt8] = []
        for number in [0, 7, 10, 1_234_567_890_123_456_789] as [UInt64] { bytes.append(digits: number) }
        #expect(String(decoding: bytes, as: UTF8.self) == "07101234567890123456789")
    }
}
