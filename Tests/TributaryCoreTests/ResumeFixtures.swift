import Testing
import TributaryTesting

@testable import TributaryCore

/// What the tests of resuming begin with.
protocol ResumeFixtures {}

extension ResumeFixtures {
    /// A node whose project has events with the ids `1...count` on chat; another node has listened to it from the beginning.
    func node(
        with count: UInt64, _ configure: (inout HubConfiguration) -> Void = { _ in }
    ) throws -> Node {
        let node = try Node(configure)
        node.listenElsewhere()
        if count > 0 { try node.publish(1...count) }
        node.bring()
        return node
    }

    func end(_ sink: RecordingSink) throws -> String {
        let end = try #require(try sink.events(named: "replay.end").first)
        let (last, replayed) = (end["lastReplayedSeq"] ?? "?", end["replayed"] ?? "?")
        return "\(last): \(replayed) of \(end["totalAvailable"] ?? "?"), more: \(end["more"] as? Bool == true)"
    }
}
