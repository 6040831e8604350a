import Logging
import TributaryProtocol

@testable import TributaryCore

/// A node of the simulation: the hub's own intake, sequencer, shard and streams.
final class SimulatedNode {
    let relay: SimulatedRelay
    let shard: Shard
    private let intake: Intake
    private(set) var isUp = true

    init(_ name: String, in world: Simulation) {
        relay = SimulatedRelay(name, in: world)
        let log = SimulatedLog(in: world)
        let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        let coordination = MemoryCoordination(eventLoop: world.loop) { _, _ in }
        intake = Intake(
            relay: relay, log: log, catalog: world.catalog, configuration: world.configuration, frames: world.frames,
            rejections: RejectionCounter(logger: logger), logger: logger,
            members: { coordination.members(of: $0) }
        )
        let registrar = Registrar(
            coordination: coordination, relay: relay, configuration: world.configuration, catalog: world.catalog,
            eventLoop: world.loop, logger: logger
        )
        shard = Shard(
            index: 0, eventLoop: world.loop, configuration: world.configuration, frames: world.frames, log: log,
            catalog: world.catalog, intake: intake, registrar: registrar
        )
        intake.shards = [shard]
        relay.attach(intake)
    }

    /// Nothing that it has heard waits for the log.
    var isQuiet: Bool { relay.isQuiet && intake.projects.values.allSatisfy { $0.sequencer.held.isEmpty } }

    func crash() {
        isUp = false
        relay.crash()
    }
}
