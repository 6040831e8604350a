import Foundation
import Hummingbird
import HummingbirdCore
import NIOCore
import TributaryCore
import TributaryProtocol

extension Router where Context == APIContext {
    /// `GET /stats`: this node's figures; `?project_id=` narrows those of streams and channels.
    func addStatsRoute(_ hub: Hub) {
        add(
            "stats",
            [
                .get: { request, _ in
                    let query = try Query(target: request.head.path ?? "")
                    let project = try query.value("project_id", "projectId").map { try ProjectID($0) }
                    let encoder = JSONEncoder()
                    // The same order each time: people compare what they see.
                    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                    let figures = try await encoder.encode(hub.statistics(project: project))
                    return Response(json: ByteBuffer(bytes: figures))
                }
            ]
        )
    }
}
