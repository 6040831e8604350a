import class NIOCore.EventLoopFuture
import ServiceLifecycle
import TributaryProtocol

/// Port: a project's durable events in the order in which they arrived, one numeric id for all of its channels.
///
/// What a log takes, it keeps within its channels' ``Retention``. `run()` holds what the log needs until it is cancelled or the
/// service group shuts down; a log that cannot be reached keeps trying and never throws for that. Everything may be called
/// from any thread; futures succeed on whatever loop is the log's.
///
/// Every failure is an ``EventLogError``.
public protocol EventLog: Service {
    /// `redis`, `memory` or `sqlite`.
    var kind: String { get }

    /// How the log does.
    var status: EventLogStatus { get }

    /// Publishes an event in one step that happens whole or not at all: gives it an id (or takes its own), appends it, and
    /// publishes its envelope with its ``Placement`` to the relay's topic. The order of ids, of the log and of the relay's
    /// messages is the same.
    ///
    /// For an event that the catalog calls ephemeral: no id and no log. An event whose `clientMessageID` was published within
    /// 24 hours before, in the same project and channel (to the same user, and of the same ``Event/sender``), is a duplicate:
    /// nothing is published, and the receipt has the first one's id. So is one with an id of its own that is in the log already.
    ///
    /// - Throws: ``EventLogError``, or ``Envelope/Rejection/tooLarge`` for an event whose envelope is over the limit, its
    ///   ``Placement`` not counted. `.unavailable` leaves nothing half-done, but if the connection was lost before the answer it is
    ///   unknown whether the event was published.
    func publish(_ event: Event) async throws -> PublishReceipt

    /// Appends events that their publisher sent through the relay alone, with ids of its own, in their order.
    ///
    /// Any number of nodes may do that with the same event; it is in the log once. One answer for each event, in order.
    func record(_ events: [HeardEvent], of project: ProjectID) -> EventLoopFuture<[RecordOutcome]>

    /// Notes that a node listens to channels of a project from now on, and tells how far the log has got.
    ///
    /// Called after the relay confirmed the topics. Where no living listener had been there to record what publishers sent
    /// through the relay alone, the log marks a lapse: what came before this moment may be missing.
    /// - Parameter listener: names the relay's present connection (``Relay/session``). A listener whose connection
    ///   is gone counts no more, without a word from it.
    func listen(
        to channels: [Channel], of project: ProjectID, as listener: String
    ) -> EventLoopFuture<LogState>

    /// The node listens to these channels no more. Called before the relay unsubscribes.
    func leave(_ channels: [Channel], of project: ProjectID, as listener: String)

    /// Reads what stands behind a cursor on some channels, in the log's order.
    ///
    /// - Parameter limit: entries, 1…1,000; fewer may come, but never none while there are more.
    func read(
        _ channels: [Channel], of project: ProjectID, after cursor: LogCursor, limit: Int
    ) -> EventLoopFuture<LogPage>
}

/// A log that nobody has to wait for.
public protocol ImmediateEventLog: EventLog {
    /// Publishes as ``EventLog/publish(_:)`` does, before it returns. From any thread.
    ///
    /// - Throws: as ``EventLog/publish(_:)``.
    func place(_ event: Event) throws -> PublishReceipt
}
