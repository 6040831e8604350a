import Foundation
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

@Suite struct ClusterStatisticsTests {
    @Test func `figures are a node's, or those of all nodes and their sums`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("user_id=ada&project_id=p1&channels=chat")
            let node = try await server.get("/stats?scope=node").object
            #expect(node["node"] as? String == "test" && node["nodes"] == nil)
            let cluster = try await server.get("/stats?scope=cluster").object
            #expect(cluster["complete"] as? Bool == true)
            let nodes = try #require(cluster["nodes"] as? [[String: Any]])
            #expect(nodes.count == 1 && nodes[0]["node"] as? String == "test" && nodes[0]["state"] as? String == "live")
            let total = try #require(cluster["total"] as? [String: Any])
            #expect((total["streams"] as? [String: Any])?["open"] as? Int == 1)
            await stream.close()
        }
    }

    @Test func `a node whose figures cannot be read is listed all the same`() async throws {
        try await TestServer.run(hub: { $0.beatMilliseconds = 20 }) { server in
            let figures = ByteBuffer(string: #"{"streams":"many"}"#)
            _ = try await server.hub.coordination.beat("older", figures: figures).get()
            let cluster = try await server.until("/stats?scope=cluster") { ($0["nodes"] as? [Any])?.count == 2 }
            let nodes = try #require(cluster["nodes"] as? [[String: Any]])
            #expect(nodes[0]["node"] as? String == "older" && nodes[0]["state"] as? String == "live")
            #expect(nodes[0]["figures"] == nil && nodes[1]["figures"] != nil)
        }
    }

    @Test(arguments: ["scope=all", "scope=", "scope=cluster&project_id=p1", "scope=Cluster"])
    func `a scope that there is not is told`(_ query: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.get("/stats?\(query)")
            #expect(answer.status == 400 && answer.error == "invalid_scope")
        }
    }
}
