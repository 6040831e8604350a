import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTP1
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    static let publish = "publish"

    /// `POST /publish`: one event or an array of them.
    mutating func addPublishRoute() {
        let publisher = HTTPPublisher(hub: hub, limiter: limiter)
        add(
            Self.publish,
            [
                .post: { call in
                    let caller = try await call.caller()
                    let permit = try caller.permitPublishing()
                    let json = try await publisher.publish(call.bytes, by: caller, trace: call.trace)
                    return permit.answer(Response(json: json))
                }
            ]
        )
    }
}

extension APICall {
    fileprivate var trace: TraceParent? { request.headers.trace }
}

extension HTTPFields {
    /// The trace that a request is part of. Whoever gets a broken `traceparent` begins a trace of their own, and so it is none
    /// here: https://www.w3.org/TR/trace-context/#a-traceparent-is-received
    fileprivate var trace: TraceParent? {
        HTTPField.Name("traceparent").flatMap { self[$0] }.flatMap(TraceParent.init)
    }
}

/// Answers `POST /publish` on the connection's event loop, past the router, where nobody has to be waited for: one event, from
/// somebody who shows one of the hub's own tokens or is asked for nothing, to a log in memory. The router, its task and the way
/// there and back cost more than such a publication. From any event loop.
struct ImmediatePublisher: Sendable {
    let access: Access
    let publisher: HTTPPublisher
    let metrics: RequestMetrics
    let budget: TurnBudget

    private static let path = "/\(APIRoutes.publish)"

    /// What was published, and why it might be: as with the router's routes, there is no answer without a permit.
    struct Receipt {
        let json: ByteBuffer
        let permit: Permit
    }

    /// - Parameter eventLoop: the connection's; this is called there.
    /// - Returns: `nil` for the router's requests; nothing has been done then.
    func answer(
        _ head: HTTPRequestHead, _ body: ByteBuffer, from client: ClientAddress, isSecure: Bool,
        on eventLoop: any EventLoop
    ) -> Result<Receipt, Problem>? {
        guard head.method == .POST, head.uri == Self.path, budget.take(on: eventLoop) else { return nil }
        let began = metrics.begin()
        let fields = HTTPFields(head)
        let credentials = Credentials(
            method: .post, target: head.uri, fields: fields, body: body, peer: client.text, isSecure: isSecure,
            authority: head.headers.first(name: "host"))
        let answer: Result<Receipt?, Problem> = Result { () throws(Problem) in
            guard let caller = try access.callerNow(credentials) else { return nil }
            let permit = try caller.permitPublishing()
            guard let json = try publisher.publishNow(body, by: caller, trace: fields.trace) else { return nil }
            return Receipt(json: json, permit: permit)
        }
        switch answer {
        case .success(nil):
            metrics.abandon()
            return nil
        case .success(let receipt?):
            metrics.end(Self.path, .post, .ok, since: began)
            return .success(receipt)
        case .failure(let problem):
            metrics.end(Self.path, .post, problem.status, since: began)
            return .failure(problem)
        }
    }
}
