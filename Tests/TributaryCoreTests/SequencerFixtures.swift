import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// What the tests of the sequencer begin with.
protocol SequencerFixtures {}

extension SequencerFixtures {
    /// A node with one stream on chat and jobs, of a publisher whose ids are its own; it has heard the first of them, 1.
    func listening(
        _ configure: (inout HubConfiguration) -> Void = { _ in }
    ) throws -> (node: Node, sink: RecordingSink) {
        let node = try Node(configure)
        let sink = try node.open("chat", "jobs").sink
        try node.publish(1...1)
        node.bring()
        return (node, sink)
    }

    func raw(_ id: UInt64, _ channel: String = "chat") -> (String, String) {
        ("\(channel):p1", #"{"event":"message.new","id":"\#(id)","data":\#(id)}"#)
    }

    var typing: (String, String) { ("chat:p1", #"{"event":"typing.start","data":0}"#) }

    func heard(_ id: UInt64) throws -> HeardEvent {
        let (_, payload) = raw(id)
        return HeardEvent(
            channel: try Channel("chat"), id: try #require(EventID(id)), envelope: ByteBuffer(string: payload)
        )
    }
}
