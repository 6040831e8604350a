import TributaryProtocol

/// Channels that a stream is to get when the relay has confirmed them and the stream is at the tail's end.
struct ChannelAddition {
    var channels: ChannelSet
    /// What is replayed of them first; `nil` begins with what comes next.
    var replay: LogReading.Replay?
    /// Where that begins, or goes on.
    var cursor: LogCursor

    init(_ channels: ChannelSet, after id: UInt64?) {
        self.channels = channels
        replay = id.map { LogReading.Replay(cursor: $0) }
        cursor = .id(id ?? 0)
    }

    /// Whether it would begin at the same place as one after `id`.
    func begins(after id: UInt64?) -> Bool {
        replay.map { $0.cursor } == id && replay?.hasBegun != true
    }
}
