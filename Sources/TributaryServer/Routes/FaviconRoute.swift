import Hummingbird
import HummingbirdCore

extension Router where Context == APIContext {
    /// `GET /favicon.ico`: none, without the error that a 404 writes on a browser's console.
    func addFaviconRoute() {
        add("favicon.ico", [.get: { _, _ in Response(status: .noContent) }])
    }
}
