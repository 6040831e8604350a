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
                user: try UserID(query.value("user_id") ?? peer),
                project: try query.value("project_id", "projectId").map { try ProjectID($0) } ?? .default,
                channels: try catalog.channels(in: query.value("channel", "channels")),
                after: try query.id("after") ?? 0,
                limit: try limit(query.value("limit"))
            )
        } catch {
            throw Problem(error) ?? .malformedQuery
        }
    }

    private func limit(_ text: String?) throws(Problem) -> Int {
        guard let text else { return HistoryPage.standardLimit }
        guard let value = UInt64(digits: text.utf8), (1...UInt64(HistoryPage.maximumLimit)).contains(value) else {
            throw Problem(.badRequest, "invalid_limit", "\"limit\" is a number within 1–\(HistoryPage.maximumLimit).")
        }
        return Int(value)
    }
}
