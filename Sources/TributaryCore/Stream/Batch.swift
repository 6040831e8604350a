import TributaryProtocol

/// What arrived for a project at once, on its way to the event loops that have listeners.
struct Batch: Sendable {
    /// Where its event loop has the project, in its ``ProjectTable``.
    let place: Int
    let segments: [Segment]
    /// The log's epoch.
    let epoch: UInt64
    /// How far the log has been read with it.
    let position: LogPosition
    /// The highest id seen.
    let latest: EventID?
}
