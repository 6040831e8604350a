import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore

/// The API's router.
typealias APIRouter = Router<APIContext>

/// The hub's routes: everything but `GET /stream`, which never gets here.
///
/// A route answers with a ``PermittedResponse``, which takes a ``Permit``, which only ``Access`` can make: none can forget to ask.
struct APIRoutes {
    /// What answers one method of a path.
    typealias Handler = @Sendable (APICall) async throws -> PermittedResponse

    /// One method of a path.
    struct Route: Equatable {
        var method: HTTPRequest.Method
        var path: String
    }

    /// Which of them a port has.
    enum Part {
        case everything
        /// What is left where operators have a port of their own.
        case main
        /// That port's.
        case admin
    }

    let hub: Hub
    let access: Access
    /// How fast may be told to others.
    let limiter: PublishLimiter
    /// What libraries and services report.
    let metrics: MetricsRegistry
    let router = APIRouter(context: APIContext.self)
    /// All that there are.
    private(set) var all: [Route] = []

    /// - Parameter requests: counts what the router answers; `nil` makes one.
    ///
    /// What operators ask is there only where somebody can prove to be one; otherwise its paths are unknown like any other.
    init(
        hub: Hub, admission: StreamAdmission, access: Access, limiter: PublishLimiter, part: Part = .everything,
        metrics: MetricsRegistry = MetricsRegistry(), requests: RequestMetrics? = nil, demo: Demo? = nil
    ) {
        self.hub = hub
        self.access = access
        self.limiter = limiter
        self.metrics = metrics
        router.add(middleware: MetricsMiddleware(metrics: requests ?? RequestMetrics(metrics)))
        router.add(middleware: ProblemMiddleware())
        addHealthRoute()
        addReadyRoute()
        if part != .admin {
            addStreamRoute(admission)
            addStreamChannelsRoute()
            addStreamTokenRoute()
            addPublishRoute()
            addHistoryRoute()
            addPresenceRoute()
            addTypingRoute()
            addFaviconRoute()
            addBrowserClientRoute()
            if let demo { addDemoRoutes(demo) }
        }
        if part != .main { addOperatorRoutes(part) }
    }

    /// What is for operators, and what is only looked at.
    private mutating func addOperatorRoutes(_ part: Part) {
        if !access.guardsInspection || access.hasOperators {
            addStatsRoute()
            addMetricsRoute()
            addLivePageRoute()
            // The page needs it where it is itself.
            if part == .admin { addBrowserClientRoute() }
        }
        if access.hasOperators {
            addConnectionsRoutes()
            addRevokeRoute()
            addExplainRoute()
        }
    }

    /// Adds a path with the methods it knows; `HEAD` comes with `GET`, `OPTIONS` with each path, and any other method is told
    /// which there are.
    ///
    /// - Parameter elsewhere: methods that are answered before the router, for the `Allow` header.
    mutating func add(
        _ path: String,
        elsewhere: [HTTPRequest.Method] = [],
        _ handlers: KeyValuePairs<HTTPRequest.Method, Handler>
    ) {
        var allowed = elsewhere
        let access = access
        let place = RouterPath(path)
        for (method, handler) in handlers {
            router.on(place, method: method) { try await access.answer($0, $1, handler) }
            all.append(Route(method: method, path: path))
            allowed.append(method)
            if method == .get {
                router.on(place, method: .head) { try await access.answer($0, $1, handler).createHeadResponse() }
                allowed.append(.head)
            }
        }
        allowed.append(.options)
        all.append(Route(method: .options, path: path))
        let methods = allowed.map(\.rawValue).joined(separator: ", ")
        router.on(place, method: .options) { try await access.answer($0, $1) { try $0.preflight(allowing: methods) } }
        let problem = Problem.methodNotAllowed(allow: allowed)
        for method in Self.methods where !allowed.contains(method) || elsewhere.contains(method) {
            router.on(place, method: method) { _, _ -> Response in throw problem }
        }
    }

    /// Those of RFC 9110 and RFC 5789; others are not found.
    private static let methods: [HTTPRequest.Method] =
        [.get, .head, .post, .put, .delete, .connect, .options, .trace, .patch]
}

extension APICall {
    fileprivate func preflight(allowing methods: String) throws(Problem) -> PermittedResponse {
        let fields = try access.browsers.preflight(credentials, allowing: methods)
        return access.anybody(Response(status: .noContent, headers: fields))
    }
}

extension Access {
    fileprivate func answer(
        _ request: Request, _ context: APIContext, _ handler: APIRoutes.Handler
    ) async throws -> Response {
        let bytes = try await request.body.collect(upTo: .max)
        return try await handler(APICall(request: request, context: context, access: self, bytes: bytes)).response
    }
}
