import TributaryProtocol

/// A place to read on from, exclusive.
public enum LogCursor: Hashable, Sendable {
    /// After the event with this id, wherever it stands; an id that is not in the log stands where it would have arrived in
    /// order. 0 is the beginning.
    case id(UInt64)
    /// After this place.
    case position(LogPosition)
}
