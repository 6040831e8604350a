/// An event whose data has a Swift type: what `Protocols/schemas` says, as a struct that decodes from `data` and
/// encodes to the same JSON value.
///
/// A type says the names that it is found under; a client hands it whatever arrives under any of them.
public protocol TypedEvent: Codable, Sendable {
    /// The catalog's name, such as `message.new`. One that ends in `.*` stands for a family: `plan.*` is every event
    /// whose name begins with `plan.`, those with a type of their own included.
    static var eventName: String { get }

    /// Other names that services send it under; none unless a type says otherwise.
    static var aliases: [String] { get }

    /// The name under which the hub replays it, if that differs: a client hands it over all the same, marked as a replay.
    static var replayName: String? { get }
}

/// A typed event that services may publish: every one but the hub's own and families.
public protocol PublishableEvent: TypedEvent {
    /// The channel it belongs to.
    static var channel: Channel { get }
}

extension TypedEvent {
    public static var aliases: [String] { [] }
    public static var replayName: String? { nil }

    /// Every name that the event arrives under: its own, its aliases, its replay name.
    public static var names: [String] { [eventName] + aliases + (replayName.map { [$0] } ?? []) }

    /// Whether an event of this name is handed to the type.
    public static func handles(_ name: String) -> Bool {
        if eventName.hasSuffix(".*") { return name.hasPrefix(eventName.dropLast()) }
        return name == eventName || name == replayName || aliases.contains(name)
    }
}
