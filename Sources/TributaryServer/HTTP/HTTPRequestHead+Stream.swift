import NIOHTTP1

extension HTTPRequestHead {
    /// Whether the request's path is `/stream`, as the router would read it.
    var isStreamTarget: Bool {
        // As nearly everybody writes it.
        if uri == "/stream" || uri.utf8.starts(with: "/stream?".utf8) { return true }
        var path = uri.prefix { $0 != "?" && $0 != "#" }
        // Absolute form: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
        if !path.hasPrefix("/") {
            for scheme in ["http://", "https://"] where path.lowercased().hasPrefix(scheme) {
                path = path.dropFirst(scheme.count).drop { $0 != "/" }
            }
        }
        return path.split(separator: "/", omittingEmptySubsequences: true) == ["stream"]
    }
}
