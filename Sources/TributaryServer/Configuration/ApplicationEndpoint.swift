import Foundation

/// The URL that the application answers at. Its path and query are never shown: they may hold a secret.
public struct ApplicationEndpoint: Sendable, Equatable {
    /// Why a text cannot be one.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// 2,048: what is common for URLs.
    public static let maximumLength = 2_048

    /// As it was given.
    let url: String
    /// Scheme, host and port.
    let origin: String

    /// - Throws: ``Invalid``.
    public init(_ text: String) throws(Invalid) {
        guard text.utf8.count <= Self.maximumLength else {
            throw Invalid(description: "a URL has at most \(Self.maximumLength) bytes")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let parts = URLComponents(string: text),
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = parts.host, !host.isEmpty, (1...65_535).contains(parts.port ?? 80)
        else { throw Invalid(description: "give a URL such as https://app.example.com/tributary/authorize") }
        guard parts.user == nil, parts.password == nil, parts.fragment == nil else {
            throw Invalid(
                description: "the URL has no user, password or fragment; --authorize-secret is sent in a header"
            )
        }
        url = text
        origin = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }
}

extension ApplicationEndpoint: CustomStringConvertible, CustomReflectable {
    public var description: String { origin }
    public var customMirror: Mirror { Mirror(self, children: ["origin": origin]) }
}
