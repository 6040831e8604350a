import TributaryProtocol

/// What a ``Sequencer`` hands its events to. Lives on the relay's event loop.
protocol SequencerOutput: AnyObject {
    /// The event's turn has come. `id` is `nil` if it has none, or one that no log took; `position` if no log has it.
    func pass(
        _ envelope: Envelope, _ data: UnsafeRawBufferPointer, id: EventID?, position: LogPosition?,
        of project: ProjectRoute, channel: Int
    )
    /// The streams of the project have lost something for good; with `missing`, durable events too.
    func tellGap(_ reason: GapReason, missing: MissingIDs?, of project: ProjectRoute)
    /// Passes on what was handed over since the last time.
    func flush()
    /// The project's known channels have been read up to the timeline's position.
    func settled(_ project: ProjectRoute)
    /// So many events were dropped that no log has: more came than is kept while it is read.
    func dropped(_ events: Int)
    /// Something was wrong with an event, or with the log's word on it.
    func count(_ reason: String, of project: ProjectRoute, channel: Int)
}
