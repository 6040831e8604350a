import TributaryCore
import TributaryProtocol

extension Node {
    /// Publishes messages on chat with the publisher's own ids; ``bring(_:)`` brings them.
    func publish(_ ids: ClosedRange<UInt64>, to user: String? = nil) throws {
        for id in ids { try publish("chat", "message.new", id: id, to: user) }
    }

    /// Another node listens, so that nothing goes unheard.
    func listenElsewhere() {
        _ = log.listen(to: catalog.channels, of: .p1, as: "n2-1")
    }
}
