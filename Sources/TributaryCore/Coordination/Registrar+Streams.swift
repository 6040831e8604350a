import NIOCore
import TributaryProtocol

/// What operators and users ask of this node's streams. From any thread.
extension Registrar {
    /// This node's streams, the oldest first.
    func connections(
        of user: UserID?, in project: ProjectID?, limit: Int
    ) async -> (connections: [ConnectionListing.Connection], more: Bool) {
        let found = try? await eventLoop.submit {
            let places = self.places(of: user, in: project).sorted { $0.connectedAt < $1.connectedAt }
            return (places: places.prefix(limit).map { ($0, connectedAt: $0.connectedAt) }, count: places.count)
        }.get()
        let places = found?.places ?? []
        var views: [ConnectionID: StreamView] = [:]
        for (index, places) in Dictionary(grouping: places.map(\.0), by: \.shard) {
            let shard = shards[index]
            let ids = places.map(\.id)
            let seen = try? await shard.eventLoop.submit { ids.compactMap { shard.view(of: $0) } }.get()
            for view in seen ?? [] { views[view.id] = view }
        }
        let connections = places.compactMap { place, connectedAt in
            views[place.id].map { view in
                ConnectionListing.Connection(
                    place, connectedAt: connectedAt, view, node: node, names: names(of: view.channels))
            }
        }
        return (connections, (found?.count ?? 0) > limit)
    }

    private func places(of user: UserID?, in project: ProjectID?) -> [Place] {
        if let user, let project {
            return owners[StreamOwner(user: user, project: project)] ?? []
        }
        return places.values.filter {
            (user == nil || $0.owner.user == user) && (project == nil || $0.owner.project == project)
        }
    }

    /// A stream and its channels, if this node has it.
    func find(_ id: ConnectionID) async -> (place: Place, channels: ChannelSet)? {
        (try? await eventLoop.submit { self.places[id].map { ($0, $0.channels) } }.get()).flatMap { $0 }
    }

    /// Closes a stream if this node has it.
    func closeNow(_ id: ConnectionID, _ reason: StreamCloseReason) async -> Bool {
        (try? await eventLoop.submit { self.close(id, reason) }.get()) ?? false
    }

    /// Closes a user's streams on this node, those included that are on their way in.
    func revoke(_ user: UserID, in project: ProjectID?) async -> Int {
        let closed = try? await eventLoop.submit {
            self.revocations.note(user, in: project, now: .now())
            for forget in self.revocationObservers { forget(user, project) }
            return self.places(of: user, in: project).count { self.close($0.id, .revoked) }
        }.get()
        return closed ?? 0
    }

    /// Changes a stream's channels if this node has it, and it is `user`'s or anybody's.
    ///
    /// - Returns: the channels that it will have, by name.
    func change(_ id: ConnectionID, of user: UserID?, _ change: ChannelChange) async -> [String]? {
        guard let place = await find(id)?.place, user == nil || place.owner.user == user else { return nil }
        let shard = shards[place.shard]
        let channels = try? await shard.eventLoop.submit { shard.change(id, change) }.get()
        return channels.flatMap { $0 }.map { names(of: $0) }
    }

    /// Gives a stream of `user`'s the time of a new credential, if this node has it.
    func renew(_ id: ConnectionID, of user: UserID, _ renewal: StreamRenewal) async -> Bool {
        guard let place = await find(id)?.place, place.owner.user == user else { return false }
        let shard = shards[place.shard]
        return (try? await shard.eventLoop.submit { shard.renew(id, renewal) }.get()) ?? false
    }
}

extension ConnectionListing.Connection {
    fileprivate init(_ place: Place, connectedAt: UInt64, _ view: StreamView, node: String, names: [String]) {
        self.init(
            connectionID: "\(place.id)", userID: place.owner.user.rawValue, projectID: place.owner.project.rawValue,
            clientInstanceID: place.instance?.rawValue, node: node, channels: names, address: place.address,
            userAgent: place.userAgent, connectedAt: Instant(milliseconds: connectedAt / 1_000).iso8601,
            state: view.state, cursor: view.position.map(\.high)
        )
    }
}
