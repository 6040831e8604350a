import Foundation
import NIOCore
import TributaryProtocol

/// All nodes together. From any thread.
extension Hub {
    /// This node's figures, as it tells the others.
    func figures() async -> ByteBuffer {
        // Plain numbers and texts: nothing in it can fail to be encoded.
        ByteBuffer(bytes: (try? await JSONEncoder().encode(statistics())) ?? Data())
    }

    /// The figures of all nodes: this one's of now, the others' of their last beat.
    public func clusterStatistics() async -> ClusterStatistics {
        let registrar = registrar
        let seen = try? await registrar.eventLoop.submit { (registrar.nodes, registrar.reachability.isReachable) }.get()
        let own = await statistics()
        var cluster = ClusterStatistics()
        cluster.isComplete = seen?.1 ?? false
        cluster.nodes = [.init(node: own.node, state: "live", silentMilliseconds: 0, figures: own)]
        for record in seen?.0 ?? [] where record.name != own.node {
            let bytes = Data(record.figures.readableBytesView)
            cluster.nodes.append(
                .init(
                    node: record.name, state: record.isLost ? "lost" : "live",
                    silentMilliseconds: record.silentMilliseconds,
                    // A node of another version may say more or less; it is there all the same.
                    figures: try? JSONDecoder().decode(HubStatistics.self, from: bytes)
                )
            )
        }
        cluster.nodes.sort { $0.node < $1.node }
        for node in cluster.nodes where node.state == "live" {
            if let figures = node.figures { cluster.total.add(figures) }
        }
        cluster.total.node = "cluster"
        cluster.total.version = own.version
        return cluster
    }
}
