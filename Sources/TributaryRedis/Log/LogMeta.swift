import NIOCore
import TributaryCore
import TributaryProtocol

/// What the meta hash of a project says of some channels, read with ``command(_:_:)``.
struct LogMeta {
    private static let common = ["owner", "created", "origin", "hw", "k", "tips"]

    let state: LogState
    /// The average envelope, for each channel in turn; 0 where there is none.
    let averageBytes: [Int]

    static func command(_ channels: [TributaryProtocol.Channel], _ keys: LogKeys) -> RedisCommand {
        let fields = common + channels.flatMap { [$0.name, "\($0.name):lapse"] }
        return RedisCommand(arguments: ["HMGET", .string(keys.meta)] + fields.map { .string($0) })
    }

    /// - Parameters:
    ///   - exists: whether the channel's log is there, for each channel in turn. It goes by itself when its newest event has
    ///     passed the retention's age.
    /// - Throws: ``RedisError/protocolViolation(_:)``.
    init(_ reply: RESPValue, channels: [TributaryProtocol.Channel], exists: [Bool]) throws(RedisError) {
        guard let fields = reply.array, fields.count == Self.common.count + 2 * channels.count else {
            throw .protocolViolation("the log's meta is not what was asked for")
        }
        func number(_ index: Int) -> UInt64 { fields[index].integer.flatMap { UInt64(exactly: $0) } ?? 0 }
        var state = LogState(
            epoch: number(1), origin: EventID(number(2)), head: LogPosition(high: number(3), late: number(4)))
        let tips = Self.tips(fields[5].string ?? "")
        var averages: [Int] = []
        for (index, channel) in channels.enumerated() {
            var entry = LogState.ChannelState()
            if let tip = tips[channel.name] { (entry.last, entry.lastPosition) = (tip.id, tip.position) }
            let figures = (fields[6 + 2 * index].string ?? "").split(separator: " ")
            entry.floor = figures.count == 4 ? LogPosition(figures[3].utf8) : nil
            if let last = entry.lastPosition, !exists[index] { entry.floor = last }
            // Where the hub gives the ids, nothing goes past the log.
            if fields[0].string != "hub", let lapse = fields[7 + 2 * index].string {
                entry.lapse = LogPosition(lapse.utf8)
            }
            if entry != LogState.ChannelState() { state.channels[channel] = entry }
            let count = figures.count >= 2 ? Int(figures[0]) ?? 0 : 0
            averages.append(count == 0 ? 0 : (Int(figures[1]) ?? 0) / count)
        }
        self.state = state
        averageBytes = averages
    }

    /// `chat 12 12-0;jobs 11 11-0;`
    private static func tips(_ text: String) -> [String: (id: EventID, position: LogPosition)] {
        var tips: [String: (EventID, LogPosition)] = [:]
        for tip in text.split(separator: ";") {
            let words = tip.split(separator: " ")
            guard words.count == 3, let id = EventID(digits: words[1].utf8), let position = LogPosition(words[2].utf8)
            else { continue }
            tips[String(words[0])] = (id, position)
        }
        return tips
    }
}
