import Foundation
import NIOCore

/// Where an issuer publishes its keys: a URL that nobody on the way can answer for it.
public struct JWKSLocation: Sendable, Equatable {
    /// Why a URL cannot be such a place.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let description =
            "give an https:// URL without user and password; http:// only for this machine, as in http://127.0.0.1:9000/jwks"
    }

    let url: String
    /// The URL without its query, for the log.
    let shown: String

    /// - Throws: ``Invalid``.
    public init(_ text: String) throws(Invalid) {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty, url.user == nil,
            url.password == nil, url.fragment == nil
        else { throw Invalid() }
        switch url.scheme?.lowercased() {
        case "https": break
        case "http" where Self.isThisMachine(host): break
        default: throw Invalid()
        }
        self.url = text
        var shown = url
        shown.query = nil
        self.shown = shown.string ?? host
    }

    /// An address rather than the look of a name: `127.0.0.1.example.com` is somebody else's.
    private static func isThisMachine(_ host: String) -> Bool {
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return name.lowercased() == "localhost" || (try? SocketAddress(ipAddress: name, port: 0))?.isLoopback ?? false
    }
}
