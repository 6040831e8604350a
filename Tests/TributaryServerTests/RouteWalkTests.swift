import HTTPTypes
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// Every route that there is, those of tomorrow too: none answers before it was decided that it may.
@Suite struct RouteWalkTests {
    /// What anybody may ask, without a credential; everything else must not be on this list.
    private static let open =
        ["healthz", "readyz", "favicon.ico"]
        + (BrowserClient.assets + LivePage.assets + demo.assets).map(\.path)
    private static let demo =
        Demo(files: [.init("", [], "text/html"), .init("a.js", [], "text/javascript")]) { _ in true }

    /// A body that the route would take, so that nothing else is wrong with the request.
    private static let bodies = [
        "publish": #"{"channel":"chat","project_id":"p1","event":"message.new","data":{}}"#,
        "presence": #"{"status":"away"}"#, "typing": #"{"state":"start"}"#, "revoke": #"{"user_id":"u1"}"#,
        "stream/:connection_id/channels": #"{"add":["jobs"]}"#,
    ]

    /// All requests of the router and the one that never gets there.
    private func requests(_ server: TestServer, _ access: Access) -> [(method: String, target: String, body: String)] {
        let admission = StreamAdmission(hub: server.hub, access: access, configuration: TestServer.patient)
        var routes = APIRoutes(
            hub: server.hub, admission: admission, access: access, limiter: PublishLimiter(PublishingConfiguration()),
            demo: Self.demo
        ).all
        routes.append(.init(method: .get, path: "stream"))
        routes += routes.filter { $0.method == .get }.map { .init(method: .head, path: $0.path) }
        return routes.filter { $0.method != .options && !Self.open.contains($0.path) }.map { route in
            let path = route.path.split(separator: "/").map { part in
                switch part {
                case ":user", ":project": "x1"
                case _ where part.hasPrefix(":"): "0123456789abcdef0123456789abcdef"
                default: String(part)
                }
            }
            let target = "/\(path.joined(separator: "/"))?user_id=u1&project_id=p1&channels=chat&id=1"
            return (route.method.rawValue, target, route.method == .post ? Self.bodies[route.path] ?? "{}" : "")
        }
    }

    @Test func `without a credential, no route answers`() async throws {
        let access = try Access.guarded()
        try await TestServer.run(access: { _ in access }, demo: Self.demo) { server in
            let requests = requests(server, access)
            #expect(requests.count >= 17)
            for (method, target, body) in requests {
                // Whatever else is wrong with it: nobody learns of that before.
                for body in Set([body, "", "{"]) {
                    let answer = try await server.send(method, target, body)
                    #expect(answer.status == 401 || answer.status == 404, "\(method) \(target): \(answer.status)")
                    #expect(method == "HEAD" || answer.error != nil, "\(method) \(target): \(answer.body)")
                }
            }
            #expect(await server.hub.statistics().streams.openedTotal == 0)
        }
    }

    @Test func `a credential that opens nothing opens nothing`() async throws {
        let access = try Access.guarded(grants: Grants(projects: .some([]), channels: [], publishing: nil))
        try await TestServer.run(access: { _ in access }, demo: Self.demo) { server in
            for (method, target, body) in requests(server, access) {
                let answer = try await server.send(method, target, body, token: "u1")
                #expect(answer.status == 403 || answer.status == 404, "\(method) \(target): \(answer.status)")
            }
            #expect(await server.hub.statistics().streams.openedTotal == 0)
        }
    }

    @Test func `what is open to anybody says nothing of anybody`() async throws {
        let access = try Access.guarded()
        try await TestServer.run(access: { _ in access }, demo: Self.demo) { server in
            for path in Self.open {
                let answer = try await server.get("/\(path)?user_id=u1&project_id=p1")
                #expect([200, 204].contains(answer.status) && !answer.body.contains("p1"), "\(path)")
            }
        }
    }
}
