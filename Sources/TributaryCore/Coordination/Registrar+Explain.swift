import NIOCore
import TributaryProtocol

/// What this node knows of an event and of a user's streams. From any thread.
extension Registrar {
    func explain(
        _ event: NodeQuestion.EventPlace, to user: UserID, in project: ProjectID
    ) async -> Explanation.Node {
        let channel = event.channel.flatMap { catalog.index(of: $0) }
        let position = event.position.flatMap { LogPosition($0.utf8) }
        let heard = await timeline(project)
        let isForUser = event.to == nil || event.to == user.rawValue
        var streams: [Explanation.Stream] = []
        for shard in shards {
            let views = try? await shard.eventLoop.submit { shard.views(of: user, in: project) }.get()
            for view in views ?? [] {
                let outcome: Explanation.Outcome =
                    if let channel, let position {
                        isForUser ? view.outcome(of: position, on: channel) : .notForIt
                    } else {
                        .unknown
                    }
                streams.append(
                    Explanation.Stream(
                        connectionID: "\(view.id)", channels: names(of: view.channels), state: view.state,
                        position: view.position?.description,
                        matches: channel.map { isForUser && view.channels.contains(ChannelSet(index: $0)) },
                        outcome: outcome
                    )
                )
            }
        }
        let owner = StreamOwner(user: user, project: project)
        let closed = try? await eventLoop.submit { self.closings.of(owner) }.get()
        let known = heard?.known ?? []
        return Explanation.Node(
            node: node,
            listens: channel.map { known.contains(ChannelSet(index: $0)) } ?? false,
            received: position.map { place in heard.map { place <= $0.position } ?? false },
            position: heard?.position.description,
            streams: streams,
            closed: (closed ?? []).map { closing in
                Explanation.Closed(
                    connectionID: "\(closing.id)", channels: closing.channels, reason: closing.reason.rawValue,
                    closedAt: closing.closedAt.iso8601, position: closing.position?.description
                )
            }
        )
    }
}
