import TributaryProtocol

/// A typed event as a ``TributaryClient`` hands it over.
///
/// The data's members can be read directly, `event.content.text` for `event.data.content.text`, save those named like
/// the four below: a job's `id` is `event.data.id`.
@dynamicMemberLookup
public struct Received<Event: TypedEvent>: Sendable {
    public var data: Event
    /// The name under which it came: the type's own, an alias, or its replay name.
    public var name: String
    /// The event's place in the project's timeline; `nil` if it is ephemeral.
    public var id: EventID?
    /// It was missed and is sent now.
    public var isReplay: Bool

    public init(data: Event, name: String = Event.eventName, id: EventID? = nil, isReplay: Bool = false) {
        self.data = data
        self.name = name
        self.id = id
        self.isReplay = isReplay
    }

    public subscript<Value>(dynamicMember keyPath: KeyPath<Event, Value>) -> Value { data[keyPath: keyPath] }
}

extension Received: Equatable where Event: Equatable {}
