import NIOCore
import TributaryProtocol

extension Hub {
    /// Why an event did or did not reach a user's streams: what the log has of it, what each node has heard, and where each
    /// stream of the user stands. From any thread.
    public func explain(_ id: EventID, to user: UserID, in project: ProjectID) async -> Explanation {
        var event = NodeQuestion.EventPlace(id: id.rawValue)
        var logged = Explanation.Logged(state: "unavailable")
        switch await EventLookup(log: log, catalog: catalog).find(id, of: project) {
        case .found(let entry):
            let envelope = entry.envelope.withUnsafeReadableBytes { try? Envelope.scan($0) }
            logged = Explanation.Logged(
                state: "found", channel: entry.channel.name, event: envelope?.event.rawValue,
                to: envelope?.recipient?.rawValue, traceparent: envelope?.trace?.rawValue,
                position: entry.position.description
            )
            event.channel = entry.channel.name
            event.position = entry.position.description
            event.to = envelope?.recipient?.rawValue
        case .trimmed: logged.state = "trimmed"
        case .unknown: logged.state = "unknown"
        case .unavailable: break
        }
        var question = NodeQuestion(.explain)
        question.user = user.rawValue
        question.project = project.rawValue
        question.event = event
        let outcome = await registrar.ask(question)
        let nodes = outcome.answers.compactMap(\.explanation).sorted { $0.node < $1.node }
        return Explanation(
            userID: user.rawValue, projectID: project.rawValue, id: id.rawValue, logged: logged, nodes: nodes,
            silentNodes: outcome.silent, summary: Self.summary(logged, nodes, user: user)
        )
    }

    private static func summary(_ logged: Explanation.Logged, _ nodes: [Explanation.Node], user: UserID) -> String {
        switch logged.state {
        case "unavailable": return "The log cannot be read now, so nobody can say what became of the event."
        case "unknown":
            return "No durable event of this project has this id: it was never published, or not as durable."
        case "trimmed":
            return
                "The event is no longer kept, so it cannot be told whether it came; it was, or may have been, in the log."
        default: break
        }
        if let to = logged.to, to != user.rawValue { return "The event was for another user." }
        let streams = nodes.flatMap(\.streams)
        let closed = nodes.reduce(0) { $0 + $1.closed.count }
        guard !streams.isEmpty else {
            return closed > 0
                ? "The user has no open stream; \(closed) ended lately, and get the event when they resume."
                : "The user has no open stream, and had none lately."
        }
        let outcomes = Dictionary(grouping: streams, by: \.outcome).mapValues(\.count)
        let parts: [(Explanation.Outcome, String)] = [
            (.delivered, "handed it to"), (.pending, "has yet to hand it to"),
            (.leftOut, "left it to GET /history for"), (.beforeItBegan, "published it before the beginning of"),
            (.notForIt, "has it on no channel of"), (.unknown, "can no longer tell for"),
        ]
        let told = parts.compactMap { outcome, words in
            outcomes[outcome].map { "\(words) \($0) of the user's \(streams.count) open streams" }
        }
        return "The hub " + told.joined(separator: ", ") + "."
    }
}
