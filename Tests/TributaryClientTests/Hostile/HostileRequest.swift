import Foundation
import NIOCore

/// A request as the server of the tests saw it.
struct HostileRequest: Sendable {
    var method: String
    var path: String
    var query: [String: String]
    /// By lower-cased name.
    var headers: [String: String]
    var body: String

    /// The last id that the client has, from the header or else the query.
    var cursor: String? { headers["last-event-id"] ?? query["from_seq"] }

    /// Reads one request; `nil` if the client closes before.
    static func read(_ input: inout AsyncStream<ByteBuffer>.AsyncIterator) async -> HostileRequest? {
        var text = ""
        while !text.contains("\r\n\r\n") {
            guard let bytes = await input.next() else { return nil }
            text += String(buffer: bytes)
        }
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
        let words = lines[0].split(separator: " ").map(String.init)
        let target = words[1].split(separator: "?", maxSplits: 1).map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1).map(String.init)
            headers[field[0].lowercased()] = field.count > 1 ? field[1].trimmed : ""
        }
        var query: [String: String] = [:]
        for pair in (target.count > 1 ? target[1] : "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            query[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        var body = String(text[end.upperBound...])
        while body.utf8.count < Int(headers["content-length"] ?? "0") ?? 0 {
            guard let bytes = await input.next() else { return nil }
            body += String(buffer: bytes)
        }
        return HostileRequest(method: words[0], path: target[0], query: query, headers: headers, body: body)
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
