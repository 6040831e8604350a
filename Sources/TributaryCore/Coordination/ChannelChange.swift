import TributaryProtocol

/// A change of a live stream's channels.
public struct ChannelChange: Sendable, Equatable {
    public var adding: ChannelSet
    public var removing: ChannelSet
    /// Added channels are replayed after this id, exclusive; `nil` begins with what comes next.
    public var fromSequence: UInt64?

    public init(adding: ChannelSet = [], removing: ChannelSet = [], fromSequence: UInt64? = nil) {
        self.adding = adding
        self.removing = removing
        self.fromSequence = fromSequence
    }
}
