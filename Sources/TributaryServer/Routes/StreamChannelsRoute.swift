import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `POST /stream/{connection_id}/channels`: changes what a live stream reads, on whichever node it is.
    mutating func addStreamChannelsRoute() {
        let hub = hub
        add(
            "stream/:connection_id/channels",
            [
                .post: { call in
                    let caller = try await call.caller()
                    let body = try call.body()
                    let change = try ChannelChange(body, catalog: hub.catalog)
                    let asked = try UserRequest(target: call.target, body: body)
                    let (id, permit) = try await call.ownStream(asked.user, of: caller, channels: change.adding, hub)
                    guard let channels = try await hub.change(id, of: nil, change) else {
                        throw Problem.connectionNotFound
                    }
                    return permit.answer(
                        try Response(encoding: Answer(connectionID: id.description, channels: channels))
                    )
                }
            ]
        )
    }
}

private struct Answer: Encodable {
    var connectionID: String
    var channels: [String]

    enum CodingKeys: String, CodingKey {
        case connectionID = "connection_id"
        case channels
    }
}

extension ChannelChange {
    /// - Throws: `invalid_add`, `invalid_remove`, `invalid_from_seq`, `unknown_channel`; `missing_channels` for a body that names
    ///   none, `contradictory_channels` for one that adds what it removes.
    fileprivate init(_ body: JSONBody, catalog: Catalog) throws(Problem) {
        let adding = try body.texts("add")
        let removing = try body.texts("remove")
        guard adding != nil || removing != nil else {
            throw Problem(.badRequest, "missing_channels", "Give \"add\" or \"remove\", arrays of channels.")
        }
        self.init(
            adding: try catalog.channels(named: adding ?? []),
            removing: try catalog.channels(named: removing ?? []),
            fromSequence: try body.id("from_seq")
        )
        guard self.adding.isDisjoint(with: self.removing) else {
            throw Problem(.badRequest, "contradictory_channels", "Add a channel or remove it, not both.")
        }
    }
}
