import HTTPTypes
import TributaryCore
import TributaryProtocol

/// What somebody asks of a timeline, before anybody has decided whether they may have it.
struct HistoryQuery: Sendable, Equatable {
    /// The user that it says it is.
    var user: String?
    var project: ProjectID
    var channels: ChannelSet
    /// It names no channel: it wants all that it may read.
    var wantsAll: Bool
    var after: UInt64
    var limit: Int

    var demand: Demand {
        Demand(action: .history, project: project, channels: channels, takesWhatItMay: wantsAll, user: user)
    }

    /// The request to the hub, with what is permitted of it.
    func request(_ permit: Permit) -> HistoryRequest {
        HistoryRequest(user: permit.user, project: project, channels: permit.channels, after: after, limit: limit)
    }
}

/// Reads what a request asks of a timeline. Unknown parameters are passed over; a known one that is wrong is told.
struct HistoryQueryParser: Sendable {
    let catalog: Catalog

    /// - Parameter target: the request's path and query.
    /// - Throws: the ``Problem`` to answer, status 400.
    func parse(target: String) throws(Problem) -> HistoryQuery {
        let query = try Query(target: target)
        let (channels, isAll) = try catalog.channels(in: query.value("channel", "channels"))
        return HistoryQuery(
            user: try query.user()?.rawValue,
            project: try query.project() ?? .default,
            channels: channels,
            wantsAll: isAll,
            after: try query.id("after") ?? 0,
            limit: try query.limit(standard: HistoryPage.standardLimit, maximum: HistoryPage.maximumLimit)
        )
    }
}
