import NIOHTTP1

extension HTTPRequestHead {
    /// Where its page comes from, as its browser says; `nil` also where there are several.
    var origin: String? {
        let origins = headers["origin"]
        return origins.count == 1 ? origins[0] : nil
    }

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
