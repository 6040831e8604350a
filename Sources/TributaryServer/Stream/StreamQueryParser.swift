import HTTPTypes
import TributaryCore
import TributaryProtocol

/// Reads what a subscriber asks for. Unknown parameters are passed over; a known one that is wrong is told.
struct StreamQueryParser: Sendable {
    let catalog: Catalog
    /// For streams that do not ask for a heartbeat of their own.
    let heartbeatMilliseconds: Int

    /// - Parameters:
    ///   - target: the request's path and query.
    ///   - lastEventID: the values of the `Last-Event-ID` header fields.
    /// - Throws: the ``Problem`` to answer, status 400.
    func parse(target: String, lastEventID: [String]) throws(Problem) -> StreamQuery {
        let query = try Query(target: target)
        do {
            let (channels, isAll) = try catalog.channels(in: query.value("channels"))
            return StreamQuery(
                user: try query.user()?.rawValue,
                project: try query.project() ?? .default,
                channels: channels,
                wantsAll: isAll,
                clientInstance: try query.value("client_instance_id", "clientInstanceId").map {
                    try ClientInstanceID($0)
                },
                heartbeatMilliseconds: try heartbeat(query.value("heartbeat_ms")),
                heartbeatIsEvent: try heartbeatIsEvent(query.value("heartbeat")),
                cursor: try cursor(query, lastEventID: lastEventID)
            )
        } catch {
            throw Problem(error) ?? .malformedQuery
        }
    }

    private func heartbeat(_ text: String?) throws(Problem) -> Int {
        guard let text else { return heartbeatMilliseconds }
        guard let value = UInt64(digits: text.utf8), (5_000...60_000).contains(value) else {
            throw Problem(.badRequest, "invalid_heartbeat_ms", "\"heartbeat_ms\" is a number within 5000–60000.")
        }
        return Int(value)
    }

    private func heartbeatIsEvent(_ text: String?) throws(Problem) -> Bool {
        switch text {
        case nil, "comment": false
        case "event": true
        default: throw Problem(.badRequest, "invalid_heartbeat", "\"heartbeat\" is \"event\" or \"comment\".")
        }
    }

    /// The header wins: a browser sends it on its own reconnects, with the query that it began with. For the same reason
    /// `last_event_id` wins over `from_seq`: clients that cannot set headers append it.
    private func cursor(_ query: Query, lastEventID: [String]) throws(Problem) -> StreamCursor {
        let fromSequence = try query.id("from_seq")
        // Empty is what an `EventSource` has before its first id.
        let lastID = try query.value("last_event_id").flatMap { $0.isEmpty ? nil : $0 }
        let inQuery = try lastID.map { text throws(Problem) in try Query.id(text, of: "last_event_id") }
        let header = lastEventID.filter { !$0.isEmpty }
        if let text = header.first {
            guard header.count == 1, let id = UInt64(digits: text.utf8) else { return .unreadable }
            return .after(id)
        }
        return (inQuery ?? fromSequence).map(StreamCursor.after) ?? .live
    }
}
