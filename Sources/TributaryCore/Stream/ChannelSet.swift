/// A set of the catalog's channels, by their positions in it.
public struct ChannelSet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The channel at `index` of the catalog, 0–63.
    public init(index: Int) {
        rawValue = 1 << UInt64(index)
    }

    /// The first `count` channels of the catalog: all that there are.
    public static func all(of count: Int) -> ChannelSet {
        ChannelSet(rawValue: count == 64 ? .max : (1 << UInt64(count)) - 1)
    }

    /// The positions in the catalog, ascending.
    public var indices: some Sequence<Int> {
        sequence(state: rawValue) { rest in
            guard rest != 0 else { return nil }
            defer { rest &= rest - 1 }
            return rest.trailingZeroBitCount
        }
    }
}
