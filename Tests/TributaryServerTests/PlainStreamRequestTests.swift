import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import TributaryServer

/// The short way reads what the parser reads, or leaves it to the parser.
@Suite struct PlainStreamRequestTests {
    private static let browser = [
        "GET /stream?channels=chat,jobs&project_id=p1&user_id=a%20b HTTP/1.1", "Host: hub.example:8080",
        "Connection: keep-alive", "Accept: text/event-stream", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
        "Origin: https://app.example", #"Cookie: a=1; b="2""#, "Accept-Language: de,en;q=0.9",
        "Last-Event-ID:   42", "Empty:", "", "",
    ].joined(separator: "\r\n")

    private func plain(_ text: String, limit: Int = 4_096) -> HTTPRequestHead.PlainStreamRequest {
        ByteBuffer(string: text).withUnsafeReadableBytes { HTTPRequestHead.plainStreamRequest($0, limit: limit) }
    }

    /// The head, as NIO's parser has it.
    private func parsed(_ text: String) throws -> HTTPRequestHead? {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
        defer { _ = try? channel.finish() }
        try channel.writeInbound(ByteBuffer(string: text))
        guard case .head(let head)? = try channel.readInbound(as: HTTPServerRequestPart.self) else { return nil }
        return head
    }

    @Test(arguments: [
        browser,
        "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream? HTTP/1.1\r\nhost:h\r\n\r\n",
        "GET /stream?a=b%0D%0A&c=/?x HTTP/1.1\r\nHost: h\r\nX-Y: a:b: c\r\nConnection: CLOSE\r\n\r\n",
        "GET /stream?channels=all HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a.b.c\r\nAuthorization: twice\r\n\r\n",
    ])
    func readsWhatTheParserReads(_ text: String) throws {
        guard case .complete(let head) = plain(text) else {
            Issue.record("\(plain(text))")
            return
        }
        let parsed = try #require(try parsed(text))
        #expect(head.uri == parsed.uri && head.method == parsed.method && head.version == parsed.version)
        #expect(head.headers.map { [$0.name, $0.value] } == parsed.headers.map { [$0.name, $0.value] })
        #expect(head.isKeepAlive == parsed.isKeepAlive)
        #expect(head.isStreamTarget)
        #expect(!head.isAmbiguous)
    }

    @Test func isIncompleteUntilItsLastByte() {
        for count in 1..<Self.browser.utf8.count {
            guard case .incomplete = plain(String(decoding: Self.browser.utf8.prefix(count), as: UTF8.self)) else {
                Issue.record("after \(count) bytes")
                return
            }
        }
    }

    @Test(arguments: [
        "POST /stream HTTP/1.1\r\nHost: h\r\n\r\n",
        "HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /streams HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET  /stream HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream  HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream#a HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream?a#b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream?ü HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream?a b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream HTTP/1.0\r\nHost: h\r\n\r\n",
        "GET /stream HTTP/2.0\r\nHost: h\r\n\r\n",
        "GET /stream\r\nHost: h\r\n\r\n",
        "GET /stream HTTP/1.1\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost : h\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        "GET /stream HTTP/1.1\nHost: h\n\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\rx\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nA: \u{0}\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nA: ü\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nA: \t\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nnothing\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nA_b: c\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\n\r\nGET /stream HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: h\r\nA: b \r\n\r\n",
        "GET /stream?a HTTP/1.1\r\nHost: h\r\n\r\nrest",
        "GET /stream/tok",
        "\r\nGET /stream HTTP/1.1\r\nHost: h\r\n\r\n",
    ])
    func leavesEverythingElseToTheParser(_ text: String) {
        guard case .other = plain(text) else {
            Issue.record("\(plain(text))")
            return
        }
    }

    @Test func leavesALongOneToTheParser() {
        guard case .complete = plain(Self.browser, limit: Self.browser.utf8.count) else {
            Issue.record("read otherwise")
            return
        }
        guard case .other = plain(Self.browser, limit: Self.browser.utf8.count - 1) else {
            Issue.record("read otherwise")
            return
        }
    }
}
