import Testing

@testable import TributaryBench

@Suite struct WireTests {
    private func decode(_ pieces: [String]) -> (String, ChunkDecoder) {
        var decoder = ChunkDecoder()
        var text = ""
        for piece in pieces {
            var bytes = Array(piece.utf8)
            let count = bytes.withUnsafeMutableBytes { decoder.decode($0) }
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
        return (text, decoder)
    }

    @Test func `chunks are taken apart wherever they are cut`() {
        let body = "5\r\nhello\r\n1;ext=1\r\n \r\nA\r\n0123456789\r\n0\r\n\r\n"
        for cut in 0...body.utf8.count {
            let at = body.utf8.index(body.startIndex, offsetBy: cut)
            let (text, decoder) = decode([String(body[..<at]), String(body[at...])])
            #expect(text == "hello 0123456789" && decoder.isOver, "cut at \(cut)")
        }
        #expect(decode(body.map { String($0) }).0 == "hello 0123456789")
    }

    @Test func `what is no chunk ends the body`() {
        #expect(decode(["zz\r\nhello"]).1.isOver)
        #expect(decode(["5\r\nhelloX"]).1.isOver)
        #expect(!decode(["5\r\nhel"]).1.isOver)
    }

    private func head(_ text: String) -> ResponseHead? {
        Array(text.utf8).withUnsafeBytes { ResponseHead.read($0) }
    }

    @Test func `a response's head is read when it is whole`() {
        #expect(head("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n") == nil)
        #expect(
            head("HTTP/1.1 200 OK\r\nTRANSFER-encoding: Chunked\r\n\r\n5\r\n")
                == ResponseHead(status: 200, isChunked: true, contentLength: nil, count: 47))
        #expect(head("HTTP/1.1 503 No\r\nContent-Length: 12\r\n\r\n")?.contentLength == 12)
        #expect(head("+PONG\r\n\r\n")?.status == 0)
    }

    private func reply(_ reader: any ReplyReader, _ text: String) throws -> Reply? {
        try Array(text.utf8).withUnsafeBytes { try reader.read($0) }
    }

    @Test func `answers of Redis are told apart`() throws {
        let reader = RedisReplyReader()
        #expect(try reply(reader, ":1000\r\n:3") == Reply(count: 7))
        #expect(try reply(reader, "*2\r\n:17\r\n:0\r\n+") == Reply(count: 13))
        #expect(try reply(reader, "*2\r\n:17\r\n:") == nil)
        #expect(try reply(reader, "$2\r\nhi\r\n") == Reply(count: 8))
        #expect(try reply(reader, "-NOAUTH please\r\n") == Reply(count: 16, error: "NOAUTH please"))
        #expect(throws: BenchError.self) { try reply(reader, "HTTP/1.1 400 Bad Request\r\n\r\n") }
    }

    @Test func `answers over HTTP are told apart`() throws {
        let reader = HTTPReplyReader()
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        #expect(try reply(reader, good + "HTTP/1.1") == Reply(count: good.utf8.count))
        #expect(try reply(reader, String(good.dropLast())) == nil)
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        #expect(try reply(reader, chunked) == Reply(count: chunked.utf8.count))
        let empty = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        #expect(try reply(reader, empty) == Reply(count: empty.utf8.count))
        let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n"
        #expect(try reply(reader, refusal) == Reply(count: refusal.utf8.count, error: "HTTP 403 no"))
    }
}
