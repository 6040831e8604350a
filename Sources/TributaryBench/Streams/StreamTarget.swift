import Foundation
import Glibc

/// The server whose streams are opened, and what each request says.
public struct StreamTarget: Sendable, Equatable {
    /// `http://host:port/path?query` with fields.
    public var url: Template
    /// More header lines, `Name: value`, with fields.
    public var headers: [Template]

    /// What a URL and its headers may hold.
    public static let fields = ["stream", "n", "user", "project", "channels", "last_id"]

    /// - Throws: ``BenchError`` for what is no plain HTTP URL, or has an unknown field.
    public init(url: String, headers: [String] = []) throws {
        self.url = Template(url)
        self.headers = headers.map(Template.init)
        try self.url.check(Self.fields, option: "--url")
        for header in self.headers {
            try header.check(Self.fields, option: "--header")
            guard header.source.contains(":"), !header.source.contains(where: \.isNewline) else {
                throw BenchError("--header: a header looks like \"Name: value\"")
            }
        }
        _ = try parts
    }

    /// Host, port, and the template of what follows.
    var parts: HTTPAddress {
        get throws { try HTTPAddress(url.source, option: "--url") }
    }
}

/// A plain HTTP URL in pieces. The path may hold fields, the host may not.
struct HTTPAddress: Equatable {
    var host: String
    var port: UInt16
    var path: Template

    init(_ text: String, option: String) throws {
        guard text.lowercased().hasPrefix("http://") else {
            throw BenchError("\(option): \"\(text.prefix { $0 != "?" })\" is not an http:// URL")
        }
        let rest = text.dropFirst(7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let colon = authority.lastIndex(of: ":") ?? authority.endIndex
        host = String(authority[..<colon])
        let digits = authority[colon...].dropFirst()
        guard !host.isEmpty, !host.contains("{"), let port = digits.isEmpty ? 80 : UInt16(digits), port > 0 else {
            throw BenchError("\(option): \"\(authority)\" is no host and port")
        }
        self.port = port
        let path = rest[authority.endIndex...]
        self.path = Template(path.hasPrefix("/") ? String(path) : "/" + path)
    }
}

/// Local addresses to connect from, in turn: each has 28,000 ports.
public struct SourceAddresses: Sendable, Codable, Equatable {
    public let names: [String]

    /// - Parameter text: `127.0.0.1`, `127.0.0.1-127.0.0.8`, or several with commas between them.
    /// - Throws: ``BenchError`` for anything else.
    public init(_ text: String) throws {
        var names: [String] = []
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = piece.split(separator: "-", omittingEmptySubsequences: false).map { Self.number($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
                last - first < 4_096
            else { throw BenchError("--from: \"\(piece)\" is no address or range such as 127.0.0.1-127.0.0.8") }
            names += (first...last).map(Self.name)
        }
        self.names = names
    }

    private init(names: [String]) {
        self.names = names
    }

    /// What a bench on one machine connects from, unless it is told. With half of an address's ports in use the system begins to
    /// search for the next one, and what is measured is that.
    static func loopback(for streams: Int) -> SourceAddresses {
        SourceAddresses(
            names: (1...max(1, min(200, (streams + portsAtEase - 1) / portsAtEase))).map { "127.0.0.\($0)" })
    }

    private static let portsAtEase = 8_000

    var addresses: [in_addr] {
        names.compactMap { name in Self.number(name[...]).map { in_addr(s_addr: $0.bigEndian) } }
    }

    private static func number(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(UInt32?(0)) { sum, part in
            guard let sum, let part else { return nil }
            return sum << 8 | UInt32(part)
        }
    }

    private static func name(_ number: UInt32) -> String {
        [24, 16, 8, 0].map { String(number >> $0 & 0xFF) }.joined(separator: ".")
    }
}
