public import NIOCore

/// An event as a publisher sends it.
public struct Event: Equatable, Sendable {
    public var channel: Channel
    public var project: ProjectID
    public var name: EventName
    /// One JSON value, passed on byte for byte.
    public var data: ByteBuffer
    /// The publisher's own sequence number; makes a durable event durable.
    public var id: EventID?
    /// Only this user's streams receive the event; `nil` means every stream on the channel.
    public var recipient: UserID?
    /// The publisher's key for retries of the same event.
    public var clientMessageID: String?
    /// Where the event belongs in its publisher's trace.
    public var trace: TraceParent?
    /// The user whose own event it is, where the hub knows: keys of different users have nothing to do with each other. It is not
    /// part of what is published.
    public var sender: UserID?

    public init(
        channel: Channel,
        project: ProjectID = .default,
        name: EventName,
        data: ByteBuffer,
        id: EventID? = nil,
        recipient: UserID? = nil,
        clientMessageID: String? = nil,
        trace: TraceParent? = nil,
        sender: UserID? = nil
    ) {
        self.channel = channel
        self.project = project
        self.name = name
        self.data = data
        self.id = id
        self.recipient = recipient
        self.clientMessageID = clientMessageID
        self.trace = trace
        self.sender = sender
    }

    public var topic: Topic { Topic(channel: channel, project: project) }
}
