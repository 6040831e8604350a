import Foundation

/// The redirects of one attempt: at most five, never from `https` to `http`.
///
/// Each attempt begins at the original URL again, as browsers do. Credentials stay behind when a redirect leaves the
/// origin, and do not come back if a later one returns to it.
struct Redirects {
    private(set) var url: URL
    private(set) var sendsCredentials = true
    private var count = 0

    static let limit = 5

    init(from url: URL) {
        self.url = url
    }

    static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    /// Goes on to `location`.
    ///
    /// - Throws: ``TributaryClientError/badRedirect(_:)``.
    mutating func follow(_ location: String?) throws(TributaryClientError) {
        count += 1
        guard count <= Self.limit else { throw .badRedirect("more than \(Self.limit) redirects") }
        guard let location, let target = URL(string: location, relativeTo: url)?.absoluteURL, target.host != nil,
            let scheme = target.scheme?.lowercased(), ["http", "https"].contains(scheme)
        else { throw .badRedirect("no usable Location") }
        guard scheme == "https" || url.scheme?.lowercased() != "https" else {
            throw .badRedirect("from https to http")
        }
        if Self.origin(of: target) != Self.origin(of: url) { sendsCredentials = false }
        url = target
    }

    private static func origin(of url: URL) -> [String] {
        let scheme = url.scheme?.lowercased() ?? ""
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        return [scheme, url.host?.lowercased() ?? "", String(port)]
    }
}
