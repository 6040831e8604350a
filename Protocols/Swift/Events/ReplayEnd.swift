/// `replay.end`, the hub's own: what was missed has been sent; what follows is live.
public struct ReplayEnd: TypedEvent, Equatable {
    public static let eventName = "replay.end"

    public var projectID: String
    /// The last event's id, or the cursor if nothing was replayed. Not the highest: ids may arrive out of order.
    public var lastReplayedSequence: UInt64
    /// How many events were.
    public var replayed: Int
    /// How many were missed, counted up to 10,000.
    public var totalAvailable: Int
    /// Some were left out; a ``Gap`` follows, and `GET /history` has them.
    public var more: Bool
    /// For people to read.
    public var message: String

    enum CodingKeys: String, CodingKey {
        case projectID = "projectId"
        case lastReplayedSequence = "lastReplayedSeq"
        case replayed, totalAvailable, more, message
    }

    public init(
        projectID: String,
        lastReplayedSequence: UInt64,
        replayed: Int,
        totalAvailable: Int,
        more: Bool,
        message: String
    ) {
        self.projectID = projectID
        self.lastReplayedSequence = lastReplayedSequence
        self.replayed = replayed
        self.totalAvailable = totalAvailable
        self.more = more
        self.message = message
    }
}
