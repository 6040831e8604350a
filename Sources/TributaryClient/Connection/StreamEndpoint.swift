import Foundation
import TributaryProtocol

/// Builds the URLs of a hub's endpoints, and the query of its stream.
struct StreamEndpoint: Sendable {
    let url: URL
    var project: ProjectID
    var user: UserID?
    var instance: ClientInstanceID?
    var heartbeat: Duration?

    /// The URL of `endpoint` below the hub's base URL, which may have a path of its own, and a query that is kept.
    ///
    /// - Throws: ``TributaryClientError/unusableURL``.
    static func url(_ endpoint: String, of base: URL) throws(TributaryClientError) -> URLComponents {
        guard var parts = URLComponents(url: base, resolvingAgainstBaseURL: true),
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = parts.host, !host.isEmpty
        else { throw .unusableURL }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        // The stream's own URL is as good as the hub's.
        if endpoint != "stream", path.hasSuffix("/stream") { path.removeLast("/stream".utf8.count) }
        if !path.hasSuffix("/\(endpoint)") { path += "/\(endpoint)" }
        parts.percentEncodedPath = path
        parts.fragment = nil
        return parts
    }

    /// The URL of a request.
    ///
    /// - Parameter channels: `nil` for all that the user may read.
    /// - Throws: ``TributaryClientError/unusableURL``.
    func request(channels: Set<Channel>?, position: StreamPosition) throws(TributaryClientError) -> URL {
        var query: [(String, String)] = []
        if let channels { query.append(("channels", channels.map(\.name).sorted().joined(separator: ","))) }
        query.append(("project_id", project.rawValue))
        if let user { query.append(("user_id", user.rawValue)) }
        if let instance { query.append(("client_instance_id", instance.rawValue)) }
        if let heartbeat { query.append(("heartbeat_ms", String(heartbeat.inMilliseconds))) }
        if case .after(let number) = position { query.append(("from_seq", String(number))) }
        return try url("stream", query)
    }

    /// The URL of a page of history.
    ///
    /// - Parameters:
    ///   - channels: `nil` for all that the user may read.
    ///   - after: the id after which it begins.
    ///   - limit: the most events.
    /// - Throws: ``TributaryClientError/unusableURL``.
    func history(channels: Set<Channel>?, after: UInt64, limit: Int) throws(TributaryClientError) -> URL {
        var query: [(String, String)] = []
        if let channels { query.append(("channels", channels.map(\.name).sorted().joined(separator: ","))) }
        query.append(("project_id", project.rawValue))
        if let user { query.append(("user_id", user.rawValue)) }
        query.append(("after", String(after)))
        query.append(("limit", String(limit)))
        return try url("history", query)
    }

    private func url(_ endpoint: String, _ query: [(String, String)]) throws(TributaryClientError) -> URL {
        var parts = try Self.url(endpoint, of: url)
        let added = query.map { "\($0)=\(Self.encode($1))" }.joined(separator: "&")
        parts.percentEncodedQuery = [parts.percentEncodedQuery, added].compactMap(\.self).joined(separator: "&")
        guard let url = parts.url else { throw .unusableURL }
        return url
    }

    /// Everything but unreserved characters and the comma is encoded: a `+` would be read as a space.
    private static func encode(_ value: String) -> String {
        var result = ""
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ","):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var inMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
