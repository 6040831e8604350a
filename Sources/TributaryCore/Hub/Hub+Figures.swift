import NIOCore
import TributaryProtocol

/// What a node says of itself. From any thread.
extension Hub {
    /// The figures for `/stats`. Those of streams and channels are narrowed to `project`, if it is given; the relay's and
    /// the memory's are the node's.
    public func statistics(project: ProjectID? = nil) async -> HubStatistics {
        statistics(of: await gather(project: project))
    }

    /// The figures for `/metrics`: those of `/stats` but for users and projects, and those that take longer to say. However many streams
    /// there are, no event loop counts them for it.
    package func measurements() async -> HubMeasurements {
        let gathered = await gather(naming: false)
        var measurements = HubMeasurements(statistics(of: gathered))
        for shard in gathered.shards {
            measurements.streams.add(shard.measurements)
            measurements.loops.append(shard.lag)
        }
        if let arrived = gathered.arrived {
            measurements.intake = arrived.measurements
            measurements.projects = arrived.projects
        }
        measurements.operations = measuredCoordination.figures
        measurements.probeAge = relay.kind == "memory" ? .zero : NIODeadline.now() - (relay.status.probedAt ?? started)
        measurements.drainRemaining = drainRemaining
        return measurements
    }

    /// What the event loops say, each at its own moment.
    private struct Gathered {
        var shards: [Shard.Figures] = []
        var arrived: Intake.Figures?
        var registered: Registrar.State?
    }

    private func gather(project: ProjectID? = nil, naming: Bool = true) async -> Gathered {
        let intake = intake
        var gathered = Gathered()
        gathered.arrived = try? await relay.eventLoop.submit { intake.figures(project: project) }.get()
        for shard in shards {
            let figures = try? await shard.eventLoop.submit { shard.figures(project: project, naming: naming) }.get()
            if let figures { gathered.shards.append(figures) }
        }
        gathered.registered = try? await registrar.eventLoop.submit { self.registrar.state }.get()
        return gathered
    }

    private func statistics(of gathered: Gathered) -> HubStatistics {
        let (shards, arrived, registered) = (gathered.shards, gathered.arrived, gathered.registered)
        var statistics = HubStatistics()
        statistics.node = configuration.node
        statistics.version = configuration.version
        statistics.uptimeSeconds = Double((NIODeadline.now() - started).nanoseconds / 1_000_000) / 1_000
        statistics.pid = ProcessFigures.processID
        statistics.memory.rssBytes = ProcessFigures.residentBytes
        var counters = StreamCounters()
        for shard in shards {
            statistics.streams.open += shard.open
            statistics.streams.slow += shard.slow
            statistics.memory.tailBytes += shard.tailBytes
            counters.add(shard.counters)
        }
        statistics.streams.openedTotal = counters.opened
        for (reason, count) in counters.closed { statistics.streams.closedTotal[reason.rawValue] = count }
        statistics.users = shards.reduce(into: Set<UserID>()) { $0.formUnion($1.users) }.count
        statistics.projects = shards.reduce(into: Set<ProjectID>()) { $0.formUnion($1.projects) }.count
        for (index, channel) in catalog.channels.enumerated() {
            var figures = HubStatistics.Channel()
            figures.streams = shards.reduce(0) { $0 + $1.streamsByChannel[index] }
            figures.publishedTotal = arrived?.published[index] ?? 0
            figures.deliveredTotal = counters.delivered[index].frames
            figures.deliveredBytesTotal = counters.delivered[index].bytes
            statistics.channels[channel.name] = figures
        }
        let relayStatus = relay.status
        statistics.relay.kind = relay.kind
        statistics.relay.connected = relayStatus.isConnected
        statistics.relay.subscriptions = relayStatus.subscriptions
        statistics.relay.reconnectsTotal = relayStatus.reconnectsTotal
        statistics.relay.receivedTotal = arrived?.receivedTotal ?? 0
        statistics.relay.rejectedTotal = rejections.totals
        statistics.registry.kind = coordination.kind
        statistics.registry.available = registered?.isReachable ?? false
        statistics.registry.displacedTotal = registered?.figures.displaced ?? [:]
        statistics.registry.refusedTotal = registered?.figures.refused ?? [:]
        statistics.registry.unregisteredTotal = registered?.figures.unregistered ?? 0
        return statistics
    }
}
