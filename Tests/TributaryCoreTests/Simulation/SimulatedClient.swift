import Foundation
import NIOCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// A client in the simulation: what a native `EventSource` is, with a user who reads at his own pace, in a page whose parts want
/// channels and let go of them.
final class SimulatedClient {
    struct Told {
        let from: UInt64
        let to: UInt64
        /// How much of the journal it is about whatever the ids: of a cursor that is from no log that is left, all.
        let before: Int
    }

    /// Where a channel's events begin for the application.
    struct Start {
        let id: UInt64
        /// It claims nothing of the time before.
        let isLive: Bool
        /// How much of the journal it has no claim to, because the log had lost it or nobody knew of it.
        let after: Int
    }

    let number: Int
    let user: UserID
    let startsLive: Bool
    /// What its stream has, as far as it has heard.
    private(set) var channels: ChannelSet
    /// Channels that it wants and does not have yet, with the ids behind which it wants them; `nil` for what comes next.
    private(set) var missing: [Int: UInt64?] = [:]
    /// What it wanted of them at first, before it had got some of that.
    private var firstAsked: [Int: UInt64] = [:]
    /// What it let go of, to want it again later.
    private var dropped: ChannelSet = []
    private(set) var starts: [Int: Start] = [:]
    private(set) var hasChangedChannels = false
    /// The newest event of each channel that it got.
    private var last: [Int: UInt64] = [:]
    /// Ids in the order in which the application got them.
    private(set) var received: [UInt64] = []
    /// Ids that came after a `gap` on their connection.
    private(set) var receivedAfterGap: Set<UInt64> = []
    private(set) var told: [Told] = []
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
    /// It has read everything, and its stream has no more for it.
    private var isIdle: Bool { sink?.taken.readableBytes == read && sink?.pendingBytes == 0 && session?.state == .live }
    var isSettled: Bool { isIdle && missing.isEmpty && dropped.isEmpty }

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
        // What it did not get on the last connection, it asks for on this one.
        for (channel, id) in missing.sorted(by: { $0.key < $1.key }) { ask(for: channel, after: id) }
    }

    private func ask(for channel: Int, after id: UInt64?) {
        world.trace("client \(number) adds \(channel) after \(id.map { "\($0)" } ?? "-")")
        session?.change(ChannelChange(adding: ChannelSet(index: channel), fromSequence: id))
    }

    /// Adds a channel that it never had, lets go of one, or takes one back that it let go of.
    func changeChannels() {
        guard isConnected else { return }
        let channel = Int.random(in: 0..<3, using: &world.random)
        let set = ChannelSet(index: channel)
        hasChangedChannels = true
        if dropped.contains(set) {
            takeBack(channel)
        } else if channels.contains(set), starts[channel] != nil {
            world.trace("client \(number) removes \(channel)")
            channels.remove(set)
            dropped.insert(set)
            session?.change(ChannelChange(removing: set))
        } else if !channels.contains(set), missing[channel] == nil {
            let id: UInt64? = [nil, 0, cursor].randomElement(using: &world.random) ?? nil
            missing[channel] = .some(id)
            if let id { firstAsked[channel] = id }
            ask(for: channel, after: id)
        }
    }

    /// What it has not had of a channel since it let go of it; only once there is nothing on its way any more.
    private func takeBack(_ channel: Int) {
        guard isIdle, let start = starts[channel] else { return }
        dropped.remove(ChannelSet(index: channel))
        let id = last[channel] ?? start.id
        missing[channel] = .some(id)
        firstAsked[channel] = id
        ask(for: channel, after: id)
    }

    /// Takes back what it let go of.
    func takeBackAll() {
        for channel in dropped.indices { takeBack(channel) }
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
            let id = startsLive ? value("latest_seq", event.data) ?? 0 : 0
            world.noteJournal()
            // A node that knows of no log yet, or only of one that is gone, cannot say where a live stream begins.
            let isUnknown = id == 0 || world.hasPublisherIDs && id > world.newestID
            let after = startsLive && isUnknown ? world.journal.count : world.wipedCount
            // Without a cursor a connection begins anew; but not for what a channel has given before.
            for channel in named(in: event.data) where cursor == nil || starts[channel] == nil {
                starts[channel] = Start(id: id, isLive: startsLive, after: after)
            }
        case "subscribed":
            for channel in named(in: event.data) { begin(channel) }
            if let id = event.id.flatMap({ UInt64($0) }) { cursor = id }
        case "gap":
            if let from = value("from", event.data) {
                // Without an end it is about what has been published by now.
                world.noteJournal()
                let isOfNoLog = from > world.newestID
                let to = value("to", event.data) ?? (isOfNoLog ? world.highestID : world.newestID)
                let isForeign = world.hasPublisherIDs && isOfNoLog && event.data.contains("cursor_not_found")
                isTold = true
                told.append(Told(from: from, to: to, before: isForeign ? world.journal.count : 0))
            }
        default:
            guard let id = event.id.flatMap({ UInt64($0) }) else { return }
            let channel = world.channel(of: id)
            last[channel] = id
            if missing[channel] == nil {
                cursor = id
            } else {
                // What is replayed of an added channel says nothing of the others.
                missing[channel] = .some(id)
            }
            if seen.insert(id).inserted {
                received.append(id)
                if isTold { receivedAfterGap.insert(id) }
            } else if !isTold {
                // Where nobody knows any more where a cursor stands, too much is better than too little.
                violations.append("\(id) came twice")
            }
        }
    }

    /// The channels that `connected` or `subscribed` names.
    private func named(in data: String) -> [Int] {
        let names = data.split(separator: "\"events\"")[0].split(separator: "\"channels\"").last ?? ""
        return world.catalog.channels.indices.filter { names.contains("\"\(world.catalog.channels[$0].name)\"") }
    }

    /// Its stream has a channel that it asked for.
    private func begin(_ channel: Int) {
        guard let asked = missing.removeValue(forKey: channel) else { return }
        channels.insert(ChannelSet(index: channel))
        if let start = starts[channel] {
            // Who asks from the beginning has lost nothing with a log that was wiped.
            guard firstAsked[channel] == 0, !start.isLive else { return }
            starts[channel] = Start(id: start.id, isLive: false, after: max(start.after, world.wipedCount))
            return
        }
        world.noteJournal()
        let first = asked == nil ? nil : firstAsked[channel] ?? asked
        let after = first == nil ? world.journal.count : world.wipedCount
        starts[channel] = Start(id: first ?? world.newestID, isLive: first == nil, after: after)
    }

    private func value(_ key: String, _ data: String) -> UInt64? {
        guard let range = data.range(of: "\"\(key)\":") else { return nil }
        return UInt64(data[range.upperBound...].prefix { $0.isNumber })
    }
}
