import NIOCore
import NIOEmbedded
import TributaryProtocol

@testable import TributaryCore

/// A node's relay in the simulation: loses, repeats, delays and reorders messages, and goes away now and then.
final class SimulatedRelay: Relay, @unchecked Sendable {
    // Everything lives on the simulation's one thread.
    let kind = "simulated"
    private(set) var session: String
    private(set) var isUp = true
    private weak var receiver: (any RelayReceiver)?
    private let world: Simulation
    private let name: String
    private var connections = 1
    /// What the node wants, and what its present connection has.
    private var wanted: Set<Topic> = []
    private var subscribed: Set<Topic> = []
    private var inbox: [(ByteBuffer, Topic)] = []
    private var isPumping = false

    init(_ name: String, in world: Simulation) {
        self.name = name
        self.world = world
        session = "\(name)#1"
    }

    var eventLoop: any EventLoop { world.loop }
    var status: RelayStatus { RelayStatus(isConnected: isUp) }
    func attach(_ receiver: any RelayReceiver) { self.receiver = receiver }
    func run() async throws {}
    func publish(_ payload: ByteBuffer, to topic: Topic) async throws {}
    func tell(_ message: ByteBuffer, node: String?) -> EventLoopFuture<Void> { world.loop.makeSucceededVoidFuture() }

    func subscribe(to topics: [Topic]) -> EventLoopFuture<Void> {
        wanted.formUnion(topics)
        guard isUp else { return world.loop.makeFailedFuture(RelayError.unavailable("down")) }
        let promise = world.loop.makePromise(of: Void.self)
        let connection = connections
        // Redis hears of it some time after the node asked, and the node of that some time later.
        world.later {
            if self.connections == connection, self.isUp { self.subscribed.formUnion(topics) }
            self.world.later {
                if self.connections == connection, self.isUp {
                    promise.succeed()
                } else {
                    promise.fail(RelayError.unavailable("lost"))
                }
            }
        }
        return promise.futureResult
    }

    func unsubscribe(from topics: [Topic]) {
        wanted.subtract(topics)
        subscribed.subtract(topics)
    }

    /// Redis passes a message on to this node.
    func offer(_ payload: ByteBuffer, _ topic: Topic) {
        guard isUp, subscribed.contains(topic) else { return }
        let fault = world.faults.relay ? Int.random(in: 0..<100, using: &world.random) : 99
        switch fault {
        case 0..<4:
            world.trace("\(session) loses \(String(buffer: payload))")
            return
        case 4..<8: inbox.append((payload, topic))
        case 8..<14 where !inbox.isEmpty:
            inbox.insert((payload, topic), at: Int.random(in: 0..<inbox.count, using: &world.random))
            return pump()
        default: break
        }
        inbox.append((payload, topic))
        pump()
    }

    /// Nothing is on its way to the node.
    var isQuiet: Bool { inbox.isEmpty }

    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        let connection = connections
        world.later {
            self.isPumping = false
            guard self.isUp, self.connections == connection, !self.inbox.isEmpty else { return }
            let count = Int.random(in: 1...self.inbox.count, using: &self.world.random)
            let batch = self.inbox.prefix(count)
            self.inbox.removeFirst(count)
            for (payload, topic) in batch {
                payload.withUnsafeReadableBytes { self.receiver?.relayReceived($0, on: topic) }
            }
            self.receiver?.relayFinishedBatch()
            if !self.inbox.isEmpty { self.pump() }
        }
    }

    func disconnect() {
        guard isUp else { return }
        world.trace("\(session) loses its relay")
        isUp = false
        inbox = []
        subscribed = []
        receiver?.relayDisconnected()
    }

    func reconnect() {
        guard !isUp else { return }
        isUp = true
        connections += 1
        isPumping = false
        session = "\(name)#\(connections)"
        subscribed = wanted
        world.trace("\(session) has its relay again")
        let connection = connections
        world.later {
            guard self.isUp, self.connections == connection else { return }
            self.receiver?.relayReconnected()
        }
    }

    /// The node is gone.
    func crash() {
        isUp = false
        inbox = []
        receiver = nil
    }
}
