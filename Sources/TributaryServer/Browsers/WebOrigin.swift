/// Where a page comes from, as browsers write it in `Origin`: scheme, host, and the port unless it is the scheme's own.
///
/// Source: https://www.rfc-editor.org/rfc/rfc6454#section-6.2
public struct WebOrigin: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is none; continues "… is not an origin: ".
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// In lower case.
    private let scheme: String
    /// In lower case; brackets around an IPv6 address.
    private let host: String
    /// `nil` for the scheme's own.
    private let port: UInt16?

    /// - Throws: ``Invalid``, also for `null`, which is what a sandboxed page or a file sends: it names nobody.
    public init(_ text: String) throws(Invalid) {
        guard !text.contains("*") else { throw Invalid(description: "name each one; there is no wildcard") }
        guard text.lowercased() != "null" else {
            throw Invalid(description: "sandboxed pages and files of anybody send it")
        }
        guard let mark = text.firstRange(of: "://"), Self.isScheme(text[..<mark.lowerBound]) else { throw .shape }
        let rest = text[mark.upperBound...]
        guard !rest.contains(where: { "/?#".contains($0) }) else {
            throw Invalid(description: "leave out what follows host and port, also a last \"/\"")
        }
        guard let (host, port) = Self.hostAndPort(rest) else { throw .shape }
        scheme = text[..<mark.lowerBound].lowercased()
        self.host = host
        self.port = port == Self.standardPort(of: scheme) ? nil : port
    }

    public var description: String { "\(scheme)://\(host)\(port.map { ":\($0)" } ?? "")" }

    /// Whether a request with this `Host` went to the origin itself.
    ///
    /// - Parameter isSecure: the connection is known to be TLS. Otherwise the scheme is not known: TLS may have ended
    ///   before.
    func isServed(at authority: String, isSecure: Bool) -> Bool {
        guard scheme == "https" || scheme == "http" && !isSecure,
            let (host, port) = Self.hostAndPort(authority[...])
        else { return false }
        return host == self.host && (port == Self.standardPort(of: scheme) ? nil : port) == self.port
    }

    private static func standardPort(of scheme: String) -> UInt16? {
        switch scheme {
        case "https": 443
        case "http": 80
        default: nil
        }
    }

    /// https://www.rfc-editor.org/rfc/rfc3986#section-3.1
    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first.isLetter else { return false }
        return text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }
    }

    /// - Returns: the host in lower case, and the port if there is one; `nil` for what is neither.
    private static func hostAndPort(_ text: Substring) -> (host: String, port: UInt16?)? {
        let isBracketed = text.hasPrefix("[")
        let end = isBracketed ? text.firstIndex(of: "]").map { text.index(after: $0) } : text.firstIndex(of: ":")
        let host = text[..<(end ?? text.endIndex)]
        let rest = text[host.endIndex...]
        let inner = isBracketed ? host.dropFirst().dropLast() : host
        guard !inner.isEmpty, !isBracketed || host.hasSuffix("]"),
            inner.utf8.allSatisfy({ byte in
                byte.isLetter || byte.isDigit || (isBracketed ? ":." : "-._").utf8.contains(byte)
            })
        else { return nil }
        guard !rest.isEmpty else { return (host.lowercased(), nil) }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), digits.utf8.allSatisfy(\.isDigit), let port = UInt16(digits) else { return nil }
        return (host.lowercased(), port)
    }
}

extension WebOrigin.Invalid {
    fileprivate static let shape = Self(
        description: "write scheme://host or scheme://host:port, in ASCII, such as https://app.example"
    )
}

extension UInt8 {
    fileprivate var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
    }

    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
