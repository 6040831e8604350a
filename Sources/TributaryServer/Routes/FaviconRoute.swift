import Hummingbird
import HummingbirdCore

extension APIRoutes {
    /// `GET /favicon.ico`: none, without the error that a 404 writes on a browser's console.
    mutating func addFaviconRoute() {
        add("favicon.ico", [.get: { $0.access.anybody(Response(status: .noContent)) }])
    }
}
