import Foundation
import NIOCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// A client in the simulation: what a native `EventSource` is, with a user who reads at his own pace.
final class SimulatedClient {
    struct Told {
        let from: UInt64
        let to: UInt64
    }

    let number: Int
    let user: UserID
    let channels: ChannelSet
    let startsLive: Bool
    /// Ids in the order in which the application got them.
    private(set) var received: [UInt64] = []
    /// Ids that came after a `gap` on their connection.
    private(set) var receivedAfterGap: Set<UInt64> = []
    private(set) var told: [Told] = []
    /// Where its first stream began; `nil` until then.
    private(set) var start: UInt64?
    /// How much of the journal the log had lost when its first stream began.
    private(set) var wipedAfter = 0
    private(set) var violations: [String] = []
    private var cursor: UInt64?
    private let world: Simulation

    private var node: SimulatedNode?
    private var sink: RecordingSink?
    private var session: StreamSession?
    private var decoder = ServerSentEventDecoder()
    /// Bytes of this connection that the application has read.
    private var read = 0
    private var isFirstFrame = true
    private var seen: Set<UInt64> = []
    /// A `gap` of durable events has come on this connection.
    private var isTold = false

    init(_ number: Int, user: UserID, channels: ChannelSet, startsLive: Bool, in world: Simulation) {
        self.number = number
        self.user = user
        self.channels = channels
        self.startsLive = startsLive
        self.world = world
    }

    var isConnected: Bool { session != nil }
    var standing: String {
        guard let session, let sink else { return "not connected" }
        return "\(session.state), \(sink.taken.readableBytes - read) unread, \(sink.pendingBytes) pending, "
            + "handed \(session.handed) of \(session.epoch), node at \(session.stream.position) of "
            + "\(session.stream.epoch), reading \(String(describing: session.reading))"
    }
    func isOn(_ node: SimulatedNode) -> Bool { session != nil && self.node === node }
    var isSettled: Bool { sink?.taken.readableBytes == read && sink?.pendingBytes == 0 && session?.state == .live }

    func connect(to node: SimulatedNode, allowance: Int?) {
        world.trace("client \(number) connects after \(cursor.map { "\($0)" } ?? "-") to \(node.relay.session)")
        let sink = RecordingSink(allowance: allowance)
        self.node = node
        self.sink = sink
        decoder = ServerSentEventDecoder()
        read = 0
        isFirstFrame = true
        isTold = false
        let from = cursor.map { StreamCursor.after($0) } ?? (startsLive ? .live : .after(0))
        session = node.shard.open(
            StreamRequest(
                user: user, project: world.project, channels: channels, heartbeatMilliseconds: 60_000, cursor: from
            ),
            sink: sink
        )
    }

    /// The connection ends here; the node hears of it later, or never if it is gone.
    func cut() {
        guard let session else { return }
        world.trace("client \(number) is cut")
        self.session = nil
        sink = nil
        if node?.isUp == true { world.later { session.sinkClosed(.client) } }
    }

    /// The socket takes `bytes` more, and the application reads some of what has arrived.
    func take(bytes: Int?, readAll: Bool) {
        guard let sink, let session else { return }
        if sink.resume(bytes: bytes) { session.sinkDrained() }
        let available = sink.taken.readableBytes - read
        guard available > 0 else { return }
        let count = readAll ? available : Int.random(in: 1...available, using: &world.random)
        let view = sink.taken.readableBytesView
        let start = view.index(view.startIndex, offsetBy: read)
        read += count
        do {
            try decoder.feed(view[start..<view.index(start, offsetBy: count)]) { self.dispatch($0) }
        } catch {
            violations.append("unreadable stream: \(error)")
        }
        if sink.isClosed, read == sink.taken.readableBytes { self.session = nil }
    }

    func stall() { sink?.stall() }

    private func dispatch(_ event: ServerSentEvent) {
        world.trace("client \(number) gets \(event.event) \(event.id ?? "") \(event.event == "e" ? "" : event.data)")
        if isFirstFrame != (event.event == "connected") { violations.append("connected is not the first frame") }
        isFirstFrame = false
        switch event.event {
        case "connected":
            // What comes after the newest id of the node is expected of a stream that begins live.
            guard cursor == nil else { return }
            start = startsLive ? value("latest_seq", event.data) ?? 0 : 0
            wipedAfter = world.wipedCount
            // A node that knows of no log yet cannot say where a live stream begins.
            if startsLive, start == 0 { wipedAfter = world.journal.count }
        case "gap":
            if let from = value("from", event.data) {
                // Without an end it is about what has been published by now.
                let to = value("to", event.data) ?? world.newestID
                isTold = true
                told.append(Told(from: from, to: to))
            }
        default:
            guard let id = event.id.flatMap({ UInt64($0) }) else { return }
            cursor = id
            if seen.insert(id).inserted {
                received.append(id)
                if isTold { receivedAfterGap.insert(id) }
            } else if !isTold {
                // Where nobody knows any more where a cursor stands, too much is better than too little.
                violations.append("\(id) came twice")
            }
        }
    }

    private func value(_ key: String, _ data: String) -> UInt64? {
        guard let range = data.range(of: "\"\(key)\":") else { return nil }
        return UInt64(data[range.upperBound...].prefix { $0.isNumber })
    }
}
