import TributaryProtocol

/// How far a stream has read the log, before it goes on from the tail.
struct LogReading {
    enum Phase: Equatable {
        /// For the log's answer.
        case awaitingPage
        /// For the socket to take what was written.
        case awaitingSocket
        /// For the relay to confirm the stream's channels.
        case awaitingRelay
    }

    /// A replay after the cursor that a client came with; otherwise the stream reads what the tail dropped.
    struct Replay {
        /// The client's cursor.
        let cursor: UInt64
        /// `connected` was written.
        var hasBegun = false
        var replayed = 0
        /// Missed events that this user may read, as far as the log was read: up to the page that passes ``countLimit``.
        var available = 0
        var lastReplayed: UInt64
        /// Where the event stands behind which the first was left out, for ``StreamPast``; `nil` while none was.
        var cutAt: LogPosition?
        /// The log did not have all that the stream had missed.
        var isIncomplete = false
        /// The log could not be read.
        var hasFailed = false

        /// 10,000: who missed more starts anew anyway.
        static let countLimit = 10_000

        /// The log began anew after it was cut short: all of the new one is left out, whatever its ids.
        var isOfOldLog = false

        /// The first id that may have been left out.
        var firstLeftOut: UInt64 { isOfOldLog ? 1 : lastReplayed + 1 }

        /// Some were left out.
        var hasMore: Bool { available > replayed }

        /// Enough is known of what was left out. Only of that: whatever may be replayed is read to its end.
        var isCounted: Bool { hasMore && available > Self.countLimit }

        /// How it has ended, when it has.
        var outcome: ReplayOutcome {
            if hasFailed { return .failed }
            return isIncomplete ? .incomplete : hasMore ? .limited : .complete
        }

        init(cursor: UInt64) {
            self.cursor = cursor
            lastReplayed = cursor
        }
    }

    var phase = Phase.awaitingPage
    /// The log that is read.
    let epoch: UInt64
    /// Where to read on.
    var cursor: LogCursor
    /// What stands behind this place comes from the tail.
    let through: LogPosition
    /// Where the tail is read from, once the log has been read.
    let next: Int
    var replay: Replay?
    /// The channels that are read, if they were added to a live stream; otherwise all that it has.
    var addition: ChannelSet?
    /// Of a stream that opened before its channels were settled: whether all streams will be told of the hole.
    var willBeTold = false
    /// What the stream knows to be trimmed.
    var toldFloors = ToldFloors()
    var isComplete = false
    var failures = 0
    /// From where to read what the tail has kept of the segments that it dropped, up to ``next``; `nil` when that is done.
    var kept: FramePlace?
    /// The channels of which the stream knows that it has lost something.
    var toldLost: ChannelSet = []
}
