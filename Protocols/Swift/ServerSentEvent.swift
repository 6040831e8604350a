/// One event of an event stream, as a client's parser dispatches it.
///
/// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
public struct ServerSentEvent: Equatable, Sendable {
    /// The `event` field; `message` if the frame names none.
    public var event: String
    /// The `data` lines, joined by line feeds.
    public var data: String
    /// The `id` field of this very frame; `nil` if it has none (an ephemeral event).
    public var id: String?
    /// The stream's last event id after this frame, as a browser would send it in `Last-Event-ID`.
    public var lastEventID: String

    public init(event: String = "message", data: String, id: String? = nil, lastEventID: String? = nil) {
        self.event = event
        self.data = data
        self.id = id
        self.lastEventID = lastEventID ?? id ?? ""
    }
}
