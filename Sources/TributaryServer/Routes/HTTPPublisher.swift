import HTTPTypes
import NIOCore
import TributaryCore
import TributaryProtocol

/// Publishes what the bodies of `POST /publish` hold. From any task.
struct HTTPPublisher: Sendable {
    let hub: Hub
    let limiter: PublishLimiter
    private let ownEvents: OwnEventRules

    init(hub: Hub, limiter: PublishLimiter) {
        self.hub = hub
        self.limiter = limiter
        ownEvents = OwnEventRules(hub.catalog)
    }

    /// 1,000: an answer stays small, and one request cannot keep the relay for long.
    static let batchLimit = 1_000

    /// - Parameters:
    ///   - caller: each event is decided upon by itself.
    ///   - trace: the request's own, for events that name none.
    /// - Returns: for an object `{"id","duplicate"}`; for an array one such object or problem for each item, in order.
    /// - Throws: ``Problem`` for a body that is neither; for an object also what was wrong with it.
    func publish(_ body: ByteBuffer, by caller: Caller, trace: TraceParent?) async throws -> ByteBuffer {
        var json = ByteBuffer()
        switch try scan(body) {
        case .one(let result):
            json.write(try await publish(result, in: body, by: caller, trace: trace))
        case .many(let results):
            json.writeStaticString("[")
            for (index, result) in results.enumerated() {
                if index > 0 { json.writeStaticString(",") }
                do {
                    json.write(try await publish(result, in: body, by: caller, trace: trace))
                } catch {
                    json.writeProblem(error)
                }
            }
            json.writeStaticString("]")
        }
        return json
    }

    /// Publishes the one event of a body before it returns.
    ///
    /// - Returns: `nil` for several events, and where somebody has to be waited for; nothing has been done then.
    /// - Throws: as ``publish(_:by:trace:)``.
    func publishNow(_ body: ByteBuffer, by caller: Caller, trace: TraceParent?) throws(Problem) -> ByteBuffer? {
        guard hub.publishesAtOnce, caller.access.toBeAsked(for: caller) == nil, body.holdsOneEvent,
            case .one(let result) = try scan(body)
        else { return nil }
        do {
            let draft = try draft(result, by: caller)
            let permit = try caller.access.decideAlone(draft.demand, for: caller)
            let receipt = try hub.publishNow(event(draft, permit, in: body, trace: trace))
            return receipt.map { receipt in
                var json = ByteBuffer()
                json.write(receipt)
                return json
            }
        } catch {
            throw refused(error)
        }
    }

    private func scan(_ body: ByteBuffer) throws(Problem) -> PublishRequest.Body {
        let scanned = body.withUnsafeReadableBytes { bytes in
            Result { () throws(PublishRequest.BodyError) in
                try PublishRequest.scan(bytes, limit: Self.batchLimit)
            }
        }
        switch scanned {
        case .success(let body): return body
        case .failure(.malformed):
            hub.countRejection("malformed_json")
            throw Problem(.badRequest, "malformed_json", "Send one JSON object, or an array of them, in UTF-8.")
        case .failure(.tooManyItems):
            hub.countRejection("too_many_events")
            throw Problem(.contentTooLarge, "too_many_events", "Publish at most 1,000 events at once.")
        }
    }

    private func publish(
        _ scanned: Result<PublishRequest, PublishRequest.Rejection>, in body: ByteBuffer, by caller: Caller,
        trace: TraceParent?
    ) async throws -> PublishReceipt {
        do {
            let draft = try draft(scanned, by: caller)
            let permit = try await caller.permit(draft.demand)
            return try await hub.publish(event(draft, permit, in: body, trace: trace))
        } catch {
            throw refused(error)
        }
    }

    /// An event that somebody wants to publish, and has yet to be allowed to.
    private struct Draft {
        let request: PublishRequest
        /// The channel's, in the catalog.
        let index: Int
        let demand: Demand
    }

    private func draft(
        _ scanned: Result<PublishRequest, PublishRequest.Rejection>, by caller: Caller
    ) throws -> Draft {
        let request = try scanned.get()
        guard let index = hub.catalog.index(of: request.channel) else {
            throw UnknownChannel(name: request.channel)
        }
        try limiter.admit(caller)
        let demand = Demand(
            action: .publish, project: request.project, channels: ChannelSet(index: index), event: request.event)
        return Draft(request: request, index: index, demand: demand)
    }

    private func event(_ draft: Draft, _ permit: Permit, in body: ByteBuffer, trace: TraceParent?) throws -> Event {
        let request = draft.request
        let start = body.readerIndex + request.data.lowerBound
        // The range lies within the body that was scanned.
        let data = body.getSlice(at: start, length: request.data.count) ?? ByteBuffer()
        var event = Event(
            channel: hub.catalog.channels[draft.index],
            project: request.project,
            name: request.event,
            data: data,
            id: request.id,
            recipient: request.recipient,
            clientMessageID: request.clientMessageID,
            trace: request.trace ?? trace
        )
        if permit.identity.publishesOwnEvents {
            event = try ownEvents.own(event, in: draft.index, by: permit.user, userType: permit.userType)
        }
        try limiter.admit(request.project)
        return event
    }

    private func refused(_ error: any Error) -> Problem {
        let problem = Problem(publishing: error)
        if problem.status.kind == .clientError { hub.countRejection(problem.code) }
        return problem
    }
}

extension Problem {
    /// What was wrong with one event.
    fileprivate init(publishing error: any Error) {
        if let rejection = error as? PublishRequest.Rejection {
            self.init(rejection)
        } else {
            self = Problem(error) ?? .internalError
        }
    }

    private init(_ rejection: PublishRequest.Rejection) {
        switch rejection {
        case .envelope(let rejection): self.init(rejection)
        case .missingChannel: self.init(.badRequest, "missing_channel", "Name the channel: \"channel\":\"chat\".")
        case .invalidProject(let name): self.init(name)
        case .invalidID:
            self.init(.badRequest, "invalid_id", "\"id\" is a whole number from 1 to 9007199254740991.")
        case .invalidClientMessageID:
            self.init(.badRequest, "invalid_client_msg_id", "\"client_msg_id\" is a string of 1 to 256 bytes.")
        case .invalidTraceParent:
            self.init(
                .badRequest, "invalid_traceparent",
                "\"traceparent\" is as W3C Trace Context has it: 00-<32 hex digits>-<16>-<2>, in lower case."
            )
        }
    }
}

extension ByteBuffer {
    /// By its first byte that says anything.
    fileprivate var holdsOneEvent: Bool {
        readableBytesView.first { !$0.isJSONWhitespace } == UInt8(ascii: "{")
    }

    fileprivate mutating func write(_ receipt: PublishReceipt) {
        writeStaticString(#"{"id":"#)
        if let id = receipt.id { writeDecimal(id) } else { writeStaticString("null") }
        writeStaticString(receipt.duplicate ? #","duplicate":true}"# : #","duplicate":false}"#)
    }

    fileprivate mutating func writeProblem(_ error: any Error) {
        (Problem(error) ?? .internalError).write(to: &self)
    }
}

extension UInt8 {
    fileprivate var isJSONWhitespace: Bool {
        switch self {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
        default: false
        }
    }
}
