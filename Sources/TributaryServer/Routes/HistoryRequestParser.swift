import HTTPTypes
import TributaryCore
import TributaryProtocol

/// Reads what a request asks of a timeline. Unknown parameters are passed over; a known one that is wrong is told.
struct HistoryRequestParser: Sendable {
    let catalog: Catalog

    /// - Parameters:
    ///   - target: the request's path and query.
    ///   - peer: the user of a request that names none: the other side's address.
    /// - Throws: the ``Problem`` to answer, status 400.
    func parse(target: String, peer: String) throws(Problem) -> HistoryRequest {
        let query = try Query(target: target)
        do {
            return HistoryRequest(
                user: try Requester(user: query.value("user_id"), peer: peer).user,
                project: try query.project() ?? .default,
                channels: try catalog.channels(in: query.value("channel", "channels")),
                after: try query.id("after") ?? 0,
                limit: try query.limit(standard: HistoryPage.standardLimit, maximum: HistoryPage.maximumLimit)
            )
        } catch {
            throw Problem(error) ?? .malformedQuery
        }
    }
}
