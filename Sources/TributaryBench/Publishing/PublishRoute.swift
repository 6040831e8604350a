import Foundation
import Glibc

/// How and where messages are published.
public struct PublishSpecification: Sendable, Equatable {
    public enum Way: String, Sendable, Codable, CaseIterable {
        /// Redis `PUBLISH`.
        case redis
        /// The hub's function in Redis, which gives each message an id.
        case fcall
        /// HTTP `POST`, pipelined on one connection.
        case http
    }

    public var way: Way
    /// `redis://…`, or where to POST.
    public var url: String
    /// The Redis channel.
    public var redisChannel = Template("{channel}:{project}")
    /// What arrives as an event's data.
    public var payload = Template(#"{"mark":"bench#{sequence}@{time}","pad":"{pad}"}"#)
    /// What is published.
    public var body: Template
    public var headers: [Template] = []
    /// Bytes of the payload.
    public var size = 200
    /// Requests without an answer that the server is trusted with.
    public var pipeline = 1_024

    public init(way: Way, url: String, body: Template? = nil) {
        self.way = way
        self.url = url
        self.body = body ?? Self.standardBody(way)
    }

    /// What Tributary takes.
    public static func standardBody(_ way: Way) -> Template {
        switch way {
        case .redis: Template(#"{"event":"{event}","data":{payload}}"#)
        case .fcall: Template("{payload}")
        case .http:
            Template(#"{"channel":"{channel}","project_id":"{project}","event":"{event}","data":{payload}}"#)
        }
    }

    /// - Throws: ``BenchError`` for an unknown field, a payload that cannot be found again, or a bad URL.
    public func check() throws {
        try payload.check(MessageMaker.payloadFields, option: "--payload")
        try body.check(MessageMaker.bodyFields, option: "--publish-body")
        try redisChannel.check(MessageAddress.fields, option: "--redis-channel")
        for header in headers { try header.check(MessageAddress.fields, option: "--publish-header") }
        guard body.fields.contains("payload") || body.fields.contains("sequence") else {
            throw BenchError("--publish-body: {payload} is missing")
        }
        _ = try MessageMaker.marker(of: payload)
        _ = try PublishRoute(self)
    }
}

/// The bytes that publish one message.
struct PublishRoute {
    let host: String
    let port: UInt16
    let pipeline: Int
    private let way: PublishSpecification.Way
    private let place: Template
    private let headers: [Template]
    private let credentials: [String]
    private let database: String?

    init(_ specification: PublishSpecification) throws {
        way = specification.way
        pipeline = specification.pipeline
        switch way {
        case .http:
            let address = try HTTPAddress(specification.url, option: "--publish-url")
            try address.path.check(MessageAddress.fields, option: "--publish-url")
            (host, port, place) = (address.host, address.port, address.path)
            let line = port == 80 ? host : "\(host):\(port)"
            headers = [Template("Host: \(line)"), Template("Content-Type: application/json")] + specification.headers
            credentials = []
            database = nil
        case .redis, .fcall:
            guard let url = URLComponents(string: specification.url), url.scheme == "redis", let name = url.host,
                !name.isEmpty
            else { throw BenchError("--redis: it should look like redis://host:6379") }
            host = name
            port = UInt16(exactly: url.port ?? 6_379) ?? 6_379
            place = specification.redisChannel
            headers = []
            credentials = [url.user, url.password].compactMap { $0 }.filter { !$0.isEmpty }
            let path = url.path.drop { $0 == "/" }
            database = path.isEmpty ? nil : String(path)
        }
    }

    /// What the server must be told first.
    ///
    /// - Returns: how many answers that makes.
    func appendGreeting(to buffer: inout [UInt8]) -> Int {
        var count = 0
        if !credentials.isEmpty {
            buffer.append(command: ["AUTH"] + credentials)
            count += 1
        }
        if let database {
            buffer.append(command: ["SELECT", database])
            count += 1
        }
        return count
    }

    func makeReader() -> any ReplyReader {
        way == .http ? HTTPReplyReader() : RedisReplyReader()
    }

    func append(
        to buffer: inout [UInt8], _ maker: inout MessageMaker, _ address: MessageAddress, sequence: UInt64, time: UInt64
    ) {
        var body: [UInt8] = []
        body.reserveCapacity(512)
        maker.append(to: &body, address, sequence: sequence, time: time)
        switch way {
        case .redis:
            buffer.append(command: ["PUBLISH", address.fill(place)], body)
        case .fcall:
            buffer.append(
                command: ["FCALL", "tributary_publish", "1", "{\(address.project)}", address.channel, address.event],
                body)
        case .http:
            buffer.append(contentsOf: "POST \(address.fill(place)) HTTP/1.1\r\n".utf8)
            for header in headers { buffer.append(contentsOf: "\(address.fill(header))\r\n".utf8) }
            buffer.append(contentsOf: "Content-Length: \(body.count)\r\n\r\n".utf8)
            buffer.append(contentsOf: body)
        }
    }
}

extension [UInt8] {
    /// Appends a command as Redis reads it; `last` is one more argument.
    mutating func append(command words: [String], _ last: [UInt8]? = nil) {
        append(contentsOf: "*\(words.count + (last == nil ? 0 : 1))\r\n".utf8)
        for word in words { append(contentsOf: "$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
        guard let last else { return }
        append(contentsOf: "$\(last.count)\r\n".utf8)
        append(contentsOf: last)
        append(0x0D)
        append(0x0A)
    }
}
