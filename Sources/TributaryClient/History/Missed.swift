/// What a replay left out, and `GET /history` has: from the hub's `replay.end` with `more`, and the `gap` behind it.
struct Missed: Equatable, Sendable {
    /// The last id that was replayed.
    var after: UInt64
    /// The last id that was left out; `nil` if the hub did not say.
    var to: UInt64?
}
