import NIOConcurrencyHelpers
import NIOCore

/// A connection whose request has been read, in the hands of a test's script. It is closed when the script returns.
struct HostileConnection: Sendable {
    /// 0 for the first request that the server got.
    let number: Int
    let request: HostileRequest
    let isHanging = NIOLockedValueBox(false)
    private let channel: any NIOCore.Channel

    init(number: Int, request: HostileRequest, channel: any NIOCore.Channel) {
        self.number = number
        self.request = request
        self.channel = channel
    }

    /// The head of a well-behaved stream.
    static let streamHead =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
        + "Connection: close\r\n\r\n"

    /// Sends text in one write.
    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func send(_ bytes: some Sequence<UInt8> & Sendable) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Sends the head of a stream and the text in one write.
    func stream(_ frames: String...) async throws { try await send(Self.streamHead + frames.joined()) }

    /// Answers with something other than a stream.
    func answer(_ status: String, headers: [String] = [], body: String = "") async throws {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
        try await send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Keeps the connection open, after the script, until the client closes it.
    func hang() { isHanging.withLockedValue { $0 = true } }
}

/// Frames as a hub writes them.
enum Frame {
    static func connected(from: Int? = nil, latest: Int? = nil, heartbeatMilliseconds: Int = 25_000) -> String {
        let from = from.map { #""from_seq":\#($0),"# } ?? ""
        let latest = latest.map { #""latest_seq":\#($0),"# } ?? ""
        return "event: connected\ndata: "
            + #"{"protocol":1,"connection_id":"c","user_id":"u1","project_id":"p1","channels":["chat","jobs"],"#
            + #""events":[],\#(from)\#(latest)"recovered":true,"heartbeat_ms":\#(heartbeatMilliseconds),"#
            + #""node":"n","timestamp":"2026-01-01T00:00:00.000Z"}"# + "\n\n"
    }

    /// A durable message.
    static func message(_ id: Int, _ text: String = "hi", name: String = "message.new") -> String {
        "id: \(id)\nevent: \(name)\ndata: \(messageData(id, text))\n\n"
    }

    static func messageData(_ id: Int, _ text: String = "hi") -> String {
        #"{"messageId":"m\#(id)","client_msg_id":null,"projectId":"p1","userId":"u1","content":{"text":"\#(text)","#
            + #""type":"text","mode":"chat","actor_type":"client"},"timestamp":"2026-01-01T00:00:00Z","metadata":{}}"#
    }

    /// An ephemeral event that ends a test's recording.
    static let end = "event: test.end\ndata: {}\n\n"

    static func serverClose(_ reason: String, reconnect: Bool, retryMilliseconds: Int) -> String {
        "event: server_close\ndata: "
            + #"{"reason":"\#(reason)","reconnect":\#(reconnect),"retry_ms":\#(retryMilliseconds),"#
            + #""timestamp":"2026-01-01T00:00:00Z"}"# + "\nretry: \(retryMilliseconds)\n\n"
    }
}
