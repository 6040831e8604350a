import Hummingbird
import HummingbirdCore
import TributaryCore

/// The API's router.
typealias APIRouter = Router<APIContext>

extension Router where Context == APIContext {
    /// What answers one method of a path.
    typealias Handler = @Sendable (Request, APIContext) async throws -> Response

    /// Everything but `GET /stream`, which never gets here.
    ///
    /// What operators ask is there only where somebody can prove to be one; otherwise its paths are unknown like any other.
    static func tributary(hub: Hub, admission: StreamAdmission, access: Access) -> APIRouter {
        let router = APIRouter(context: APIContext.self)
        router.add(middleware: ProblemMiddleware())
        router.addStreamRoute(admission)
        router.addStreamChannelsRoute(hub, access)
        router.addPublishRoute(hub)
        router.addHistoryRoute(hub)
        router.addPresenceRoute(hub, access)
        router.addTypingRoute(hub, access)
        router.addStatsRoute(hub)
        router.addHealthRoute()
        router.addReadyRoute(hub)
        router.addFaviconRoute()
        if access.adminToken != nil {
            router.addConnectionsRoutes(hub, access)
            router.addRevokeRoute(hub, access)
            router.addExplainRoute(hub, access)
        }
        return router
    }

    /// Adds a path with the methods it knows; `HEAD` comes with `GET`, any other method is told which there are.
    ///
    /// - Parameter elsewhere: methods that are answered before the router, for the `Allow` header.
    func add(
        _ path: RouterPath,
        elsewhere: [HTTPRequest.Method] = [],
        _ handlers: KeyValuePairs<HTTPRequest.Method, Handler>
    ) {
        var allowed = elsewhere
        for (method, handler) in handlers {
            on(path, method: method, use: handler)
            allowed.append(method)
            if method == .get {
                on(path, method: .head) { try await handler($0, $1).createHeadResponse() }
                allowed.append(.head)
            }
        }
        let problem = Problem.methodNotAllowed(allow: allowed)
        for method in Self.methods where !allowed.contains(method) || elsewhere.contains(method) {
            on(path, method: method) { _, _ -> Response in throw problem }
        }
    }

    /// Those of RFC 9110 and RFC 5789; others are not found.
    private static var methods: [HTTPRequest.Method] {
        [.get, .head, .post, .put, .delete, .connect, .options, .trace, .patch]
    }
}
