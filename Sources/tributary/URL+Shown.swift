import Foundation

extension URL {
    /// The URL as people may see it: without query, user and password, where tokens stand.
    var shown: String {
        guard var parts = URLComponents(url: self, resolvingAgainstBaseURL: true) else { return host() ?? "" }
        parts.query = nil
        parts.user = nil
        parts.password = nil
        return parts.string ?? host() ?? ""
    }
}
