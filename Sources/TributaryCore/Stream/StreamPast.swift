import TributaryProtocol

/// What a stream was not given the same way from its beginning to now: channels that it got or lost on the way, and what a replay
/// left out. Only a stream of which there is something to say has one. Places are in the log.
final class StreamPast: Sendable {
    private struct Span {
        let channels: ChannelSet
        /// Exclusive.
        let after: LogPosition
        /// Inclusive.
        let through: LogPosition

        func contains(_ position: LogPosition, of channel: ChannelSet) -> Bool {
            channels.contains(channel) && after < position && position <= through
        }
    }

    /// For channels that the stream got after it began, by their index: where they begin.
    private let begins: [Int: LogPosition]
    /// Channels that it no longer has, and those that it had before it got them again.
    private let ended: [Span]
    /// What a `gap` has told it that `GET /history` has.
    private let leftOut: [Span]
    /// Up to here nobody knows any more what it had and lost.
    private let forgotten: LogPosition

    /// 16: a stream that changes its channels all day costs a kilobyte.
    private static let limit = 16

    convenience init() { self.init(begins: [:], ended: [], leftOut: [], forgotten: .start) }

    private init(begins: [Int: LogPosition], ended: [Span], leftOut: [Span], forgotten: LogPosition) {
        self.begins = begins
        let spans = [ended, leftOut].map { $0.dropLast(Self.limit).map(\.through).max() ?? .start }
        self.ended = ended.suffix(Self.limit)
        self.leftOut = leftOut.suffix(Self.limit)
        self.forgotten = spans.reduce(forgotten) { max($0, $1) }
    }

    func getting(_ channels: ChannelSet, after place: LogPosition) -> StreamPast {
        let begins = channels.indices.reduce(into: self.begins) { $0[$1] = place }
        return StreamPast(begins: begins, ended: ended, leftOut: leftOut, forgotten: forgotten)
    }

    /// - Parameter begunAt: where the channels began with which the stream began.
    func losing(_ channels: ChannelSet, at place: LogPosition, begunAt: LogPosition) -> StreamPast {
        let spans = channels.indices.map {
            Span(channels: ChannelSet(index: $0), after: begins[$0] ?? begunAt, through: place)
        }
        let others = channels.indices.reduce(into: begins) { $0[$1] = nil }
        return StreamPast(begins: others, ended: ended + spans, leftOut: leftOut, forgotten: forgotten)
    }

    func leavingOut(_ channels: ChannelSet, after: LogPosition, through: LogPosition) -> StreamPast {
        let span = Span(channels: channels, after: after, through: through)
        return StreamPast(begins: begins, ended: ended, leftOut: leftOut + [span], forgotten: forgotten)
    }

    // MARK: Questions

    func begin(of channel: Int) -> LogPosition? { begins[channel] }

    func leftOut(_ position: LogPosition, of channel: Int) -> Bool {
        leftOut.contains { $0.contains(position, of: ChannelSet(index: channel)) }
    }

    /// Whether the stream had the channel at this place, and lost it later.
    func had(_ position: LogPosition, of channel: Int) -> Bool {
        ended.contains { $0.contains(position, of: ChannelSet(index: channel)) }
    }

    func hasForgotten(_ position: LogPosition) -> Bool { position <= forgotten }
}
