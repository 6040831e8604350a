import Testing

@testable import TributaryBench

@Suite struct FrameScannerTests {
    private struct Recorder: FrameSink {
        var events: [[UInt64]] = []
        var others: [OtherFrame] = []
        var ids: [String] = []

        mutating func event(sequence: UInt64, time: UInt64) { events.append([sequence, time]) }
        mutating func frame(_ kind: OtherFrame) { others.append(kind) }
        mutating func id(_ bytes: UnsafeRawBufferPointer) { ids.append(String(decoding: bytes, as: UTF8.self)) }
    }

    /// What is found, and how many bytes of it are used.
    private func scan(_ text: String, marker: String = "bench#") -> (Recorder, Int) {
        var recorder = Recorder()
        var scanner = FrameScanner(marker: marker)
        let used = Array(text.utf8).withUnsafeBytes { scanner.scan($0, into: &recorder) }
        return (recorder, used)
    }

    @Test func `an event's number and time are read where they stand`() {
        let text = "event: message.new\ndata: {\"mark\":\"bench#17@123456789\",\"pad\":\"xx\"}\n\n"
        let (found, used) = scan(text)
        #expect(found.events == [[17, 123_456_789]] && found.others.isEmpty)
        #expect(used == text.utf8.count)
    }

    @Test func `several events of different length, with ids, in one piece`() {
        let text = "id: 9\ndata: bench#9@1\n\ndata: {\"a\":1,\"bench#10@2\"}\nid: x:1\n\nid:11\ndata:bench#11@3\n\n"
        let (found, used) = scan(text)
        #expect(found.events == [[9, 1], [10, 2], [11, 3]])
        #expect(found.ids == ["9", "x:1", "11"])
        #expect(used == text.utf8.count)
    }

    @Test func `a frame whose end is missing waits`() {
        let whole = "data: bench#1@1\n\n"
        for cut in ["d", "data: bench#2@", "data: bench#2@5\n", "id: 7\n"] {
            let (found, used) = scan(whole + cut)
            #expect(found.events == [[1, 1]] && used == whole.utf8.count, "\(cut)")
        }
    }

    @Test func `lines may end in CR LF`() {
        let (found, used) = scan("event: x\r\ndata: bench#4@5\r\n\r\n: ping\r\n\r\n")
        #expect(found.events == [[4, 5]] && found.others == [.comment])
        #expect(used == 39)
    }

    @Test func `other frames are told apart`() {
        let (found, _) = scan(
            ": heartbeat\n\nevent: gap\ndata: {}\n\nevent: server_close\ndata: {}\n\nevent: replay.end\ndata: {}\n\n"
                + "event: connected\ndata: {}\nretry: 3000\n\n")
        #expect(found.others == [.comment, .gap, .serverClose, .replayEnd, .other])
        #expect(found.events.isEmpty)
    }

    @Test func `a payload that a server wrapped in a string is found as well`() {
        let (found, _) = scan(#"data: {"message":"{\"mark\":\"bench#3@4\",\"pad\":\"\"}"}"# + "\n\n")
        #expect(found.events == [[3, 4]])
    }

    @Test func `a payload without a time has a number all the same`() {
        let (found, _) = scan("data: {\"seq\":12}\n\n", marker: "\"seq\":")
        #expect(found.events == [[12, 0]])
    }

    @Test func `an event of several data lines counts once`() {
        let (found, _) = scan("data: {\ndata: bench#5@6\ndata: bench#6@7\ndata: }\n\n")
        #expect(found.events == [[5, 6]])
    }
}
