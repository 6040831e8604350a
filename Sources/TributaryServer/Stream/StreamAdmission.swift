import HTTPTypes
import NIOCore
import TributaryCore
import TributaryProtocol

/// Decides what a subscriber gets. The one place where `GET`, `HEAD` and `POST /stream` are read and judged alike; whether there
/// is room is the hub's to say.
struct StreamAdmission: Sendable {
    let hub: Hub
    let access: Access
    let parser: StreamQueryParser

    init(hub: Hub, access: Access, configuration: ServerConfiguration) {
        self.hub = hub
        self.access = access
        parser = StreamQueryParser(
            catalog: hub.catalog,
            heartbeatMilliseconds: Int(configuration.heartbeat.nanoseconds / 1_000_000)
        )
    }

    /// Judges a request.
    ///
    /// - Returns: what to ask the hub for, and why it may be asked for.
    /// - Throws: the ``Problem`` to answer.
    func judge(_ credentials: Credentials) async throws(Problem) -> (request: StreamRequest, permit: Permit) {
        // Whoever loses the right to it while somebody is asked does not get it.
        let began = NIODeadline.now()
        guard !hub.isDraining else { throw .draining }
        let caller = try await access.caller(credentials)
        let query = try parse(credentials)
        let permit = try await caller.permit(query.demand)
        var request = request(query, permit, credentials)
        request.judgedSince = began
        return (request, permit)
    }

    /// The same at once, where nobody else is to be asked: the way of most streams of a hub without authentication.
    ///
    /// - Returns: `nil` if somebody has to be asked.
    /// - Throws: the ``Problem`` to answer.
    func judgeNow(_ credentials: Credentials) throws(Problem) -> StreamRequest? {
        guard access.decidesAlone, credentials.bearer == nil else { return nil }
        guard !hub.isDraining else { throw .draining }
        let query = try parse(credentials)
        let permit = try access.decideAlone(query.demand, for: access.openCaller(credentials))
        return request(query, permit, credentials)
    }

    private func parse(_ credentials: Credentials) throws(Problem) -> StreamQuery {
        let name = HTTPField.Name("Last-Event-ID")
        return try parser.parse(
            target: credentials.target, lastEventID: name.map { credentials.fields[values: $0] } ?? []
        )
    }

    private func request(_ query: StreamQuery, _ permit: Permit, _ credentials: Credentials) -> StreamRequest {
        query.request(permit, address: credentials.peer, userAgent: credentials.fields[.userAgent])
    }
}
