import NIOCore
import TributaryCore
import TributaryProtocol

/// Decides what a subscriber asks for. The one place where `GET`, `HEAD` and `POST /stream` are read alike; whether there is
/// room is the hub's to say.
struct StreamAdmission: Sendable {
    let hub: Hub
    let parser: StreamRequestParser

    init(hub: Hub, configuration: ServerConfiguration) {
        self.hub = hub
        parser = StreamRequestParser(
            catalog: hub.catalog,
            heartbeatMilliseconds: Int(configuration.heartbeat.nanoseconds / 1_000_000)
        )
    }

    /// - Parameters:
    ///   - target: the request's path and query.
    ///   - lastEventID: the values of the `Last-Event-ID` header fields.
    ///   - userAgent: what the client says it is.
    ///   - peer: the other side's address.
    /// - Throws: the ``Problem`` to answer.
    func parse(
        target: String, lastEventID: [String], userAgent: String?, peer: String
    ) throws(Problem) -> StreamRequest {
        guard !hub.isDraining else { throw .draining }
        return try parser.parse(target: target, lastEventID: lastEventID, userAgent: userAgent, peer: peer)
    }
}
