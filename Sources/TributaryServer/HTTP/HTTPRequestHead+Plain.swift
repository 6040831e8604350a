import NIOCore
import NIOHTTP1
import TributaryProtocol

extension HTTPRequestHead {
    /// What the first bytes of a connection are.
    enum PlainStreamRequest {
        case complete(HTTPRequestHead)
        /// It may become one.
        case incomplete
        case other
    }

    /// Reads a `GET` of `/stream` as clients write it, in one pass over its bytes.
    ///
    /// It takes nothing that could be read in two ways. Everything else is the parser's (``PlainStreamRequest/other``): what goes on
    /// behind the head, has a body or wants the connection for something else, and whatever stands in no well-formed request.
    ///
    /// Source: https://www.rfc-editor.org/rfc/rfc9112#section-3 and #section-5
    static func plainStreamRequest(_ bytes: UnsafeRawBufferPointer, limit: Int) -> PlainStreamRequest {
        guard bytes.count <= limit, PlainRequest.mayBegin(bytes) else { return .other }
        guard bytes.suffix(4).elementsEqual(PlainRequest.end) else {
            return PlainRequest.goesOnBehindItsHead(bytes) ? .other : .incomplete
        }
        guard let read = PlainRequest(bytes) else { return .other }
        return .complete(
            HTTPRequestHead(version: .http1_1, method: .GET, uri: read.target, headers: HTTPHeaders(read.fields)))
    }
}

/// The parts of such a request.
private struct PlainRequest {
    let target: String
    private(set) var fields: [(String, String)] = []

    static let end = "\r\n\r\n".utf8
    private static let start = "GET /stream"
    private static let version = " HTTP/1.1"
    /// Those that say how a body is sent, and those that ask for another protocol.
    private static let refused = ["content-length", "transfer-encoding", "upgrade", "expect", "te", "trailer"]

    static func mayBegin(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard zip(bytes, start.utf8).allSatisfy({ $0 == $1 }) else { return false }
        guard bytes.count > start.utf8.count else { return true }
        let next = bytes[start.utf8.count]
        return next == UInt8(ascii: "?") || next == UInt8(ascii: " ")
    }

    static func goesOnBehindItsHead(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: end) }
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        let (start, version) = (Self.start, Self.version)
        guard let lineEnd = Self.end(ofLineAt: 0, in: bytes), lineEnd >= start.utf8.count + version.utf8.count,
            bytes[(lineEnd - version.utf8.count)..<lineEnd].elementsEqual(version.utf8)
        else { return nil }
        let target = bytes["GET ".utf8.count..<lineEnd - version.utf8.count]
        guard target.allSatisfy({ 0x21..<0x7F ~= $0 && $0 != UInt8(ascii: "#") }) else { return nil }
        self.target = String(decoding: target, as: UTF8.self)
        fields.reserveCapacity(16)
        var position = lineEnd + 2
        var hosts = 0
        while let end = Self.end(ofLineAt: position, in: bytes) {
            if end == position {
                // Nothing may follow, and there is one host.
                guard end + 2 == bytes.count, hosts == 1 else { return nil }
                return
            }
            guard let field = Self.field(bytes[position..<end]) else { return nil }
            let name = field.0.lowercased()
            guard !Self.refused.contains(name) else { return nil }
            if name == "connection", !["keep-alive", "close"].contains(field.1.lowercased()) { return nil }
            if name == "host" { hosts += 1 }
            fields.append(field)
            position = end + 2
        }
        return nil
    }

    /// Where the CR LF stands that ends a line; `nil` if none does, or another CR or LF stands before it.
    private static func end(ofLineAt start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = start
        while index + 1 < bytes.count {
            if bytes[index] == UInt8(ascii: "\r") { return bytes[index + 1] == UInt8(ascii: "\n") ? index : nil }
            if bytes[index] == UInt8(ascii: "\n") { return nil }
            index += 1
        }
        return nil
    }

    /// A name of letters, digits and hyphens, a colon, and a value of printable ASCII.
    private static func field(_ line: Slice<UnsafeRawBufferPointer>) -> (String, String)? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return nil }
        let name = line[..<colon]
        var value = line[(colon + 1)...]
        guard name.allSatisfy(HeaderName.allows), value.allSatisfy({ 0x20..<0x7F ~= $0 }) else { return nil }
        while value.first == UInt8(ascii: " ") { value.removeFirst() }
        // The parser keeps what should go.
        guard value.last != UInt8(ascii: " ") else { return nil }
        return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
