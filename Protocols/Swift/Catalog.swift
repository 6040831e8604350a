/// The channels and their events: `Protocols/catalog.json`, or a file of the operator's.
///
/// The hub is open: a channel must be in the catalog, an event need not be.
public struct Catalog: Sendable {
    /// A family of events.
    public struct ChannelEntry: Sendable, Codable {
        public var name: String
        /// Other names for the channel, in queries, Redis channels and `/publish` alike.
        public var aliases: [String]?
        /// What holds for events that the channel doesn't list.
        public var durable: Bool
        /// How much of the channel's durable events is kept, in each project.
        public var retention: RetentionEntry?
        public var description: String?
        public var events: [EventEntry]
    }

    /// A channel's bounds as they are written; what is absent is ``Retention/standard``'s.
    public struct RetentionEntry: Sendable, Codable, Equatable {
        public var count: Int?
        public var ageSeconds: Int?
        public var bytes: Int?

        enum CodingKeys: String, CodingKey {
            case count
            case ageSeconds = "age_seconds"
            case bytes
        }
    }

    /// One event, or with `.*` at the end of its name a family of them.
    public struct EventEntry: Sendable, Codable {
        public var name: String
        /// Other names that services send it under; they pass through as they came and reach the same typed handler.
        public var aliases: [String]?
        /// Overrides the channel's default.
        public var durable: Bool?
        /// The name under which it is replayed; its own if absent.
        public var replay: String?
        /// The path of the JSON Schema of its data, relative to the catalog; only documentation to the hub.
        public var schema: String?
        /// The path in `data` whose value names what an event replaces for a slow reader; absent: none replaces another.
        public var conflate: String?
        /// Events of one group replace each other where their values agree: `typing.stop` what `typing.start` said. Absent: an
        /// event replaces those of its own entry alone.
        public var conflateGroup: String?
        /// The event replaces everything of its group that came before, whatever the value; `false` if absent.
        public var replacesGroup: Bool?
        /// Where the hub stamps who the sender is into a user's own event: path in `data` → what stands there, with
        /// `$user_id` for the sender's id and `$client_msg_id` for the envelope's; anything else stands for itself.
        public var identity: [String: String]?
        public var description: String?

        enum CodingKeys: String, CodingKey {
            case name, aliases, durable, replay, schema, conflate
            case conflateGroup = "conflate_group"
            case replacesGroup = "replaces_group"
            case identity, description
        }
    }

    /// The file as it is written.
    public struct Document: Sendable, Codable {
        public var version: Int
        /// Counts the catalog's editions; of two that meet in one Redis the higher one wins. 0 if absent.
        public var revision: Int?
        public var channels: [ChannelEntry]
        /// The hub's own events, for documentation and schema checks.
        public var hub: [EventEntry]?
    }

    /// Why a catalog cannot be used.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// In the order of the file; at most 64, because a stream's channels are kept as bits of one word.
    public let channels: [Channel]
    public let document: Document
    /// For each channel how much of its durable events is kept, in each project.
    public let retention: [Retention]

    /// For each channel its own name, then its aliases.
    private let names: [[Channel]]
    private var indexByName: [String: Int] = [:]
    private var entriesByName: [String: EventEntry] = [:]
    private var entriesByChannel: [[String: EventEntry]] = []
    private var replayNames: [String: EventName] = [:]
    /// The longest prefix first, so that `plan.step.*` wins over `plan.*`.
    private var families: [(prefix: String, channel: Int, entry: EventEntry)] = []

    /// - Throws: ``Invalid`` for an unknown version, a bad or repeated name, or more than 64 channels.
    public init(_ document: Document) throws {
        guard document.version == 1 else { throw Invalid(description: "catalog version \(document.version) is not 1") }
        guard (1...64).contains(document.channels.count) else {
            throw Invalid(description: "a catalog has 1 to 64 channels, this one \(document.channels.count)")
        }
        self.document = document
        names = try document.channels.map { entry in
            try ([entry.name] + (entry.aliases ?? [])).map { try Channel($0) }
        }
        channels = names.map { $0[0] }
        retention = try document.channels.map { try Retention($0.retention, channel: $0.name) }
        for (index, names) in names.enumerated() {
            for name in names.map(\.name) {
                guard name != "all", indexByName.updateValue(index, forKey: name) == nil else {
                    throw Invalid(description: "channel \"\(name)\" stands twice in the catalog, or is \"all\"")
                }
            }
        }
        entriesByChannel = Array(repeating: [:], count: channels.count)
        for (index, channel) in document.channels.enumerated() {
            for entry in channel.events { try add(entry, to: index) }
        }
        // After all events, because one that is listed by itself under a replay name counts.
        for (index, channel) in document.channels.enumerated() {
            for entry in channel.events { try addReplayName(of: entry, to: index) }
        }
        families.sort { $0.prefix.utf8.count > $1.prefix.utf8.count }
    }

    private mutating func add(_ entry: EventEntry, to channel: Int) throws {
        try Self.checkIdentity(of: entry)
        for name in [entry.name] + (entry.aliases ?? []) {
            guard try !EventName(name).isReserved else {
                throw Invalid(description: "event \"\(name)\" is the hub's own name")
            }
            if name.hasSuffix(".*") {
                families.append((String(name.dropLast()), channel, entry))
            } else {
                guard entriesByChannel[channel].updateValue(entry, forKey: name) == nil else {
                    throw Invalid(description: "event \"\(name)\" stands twice in \"\(channels[channel])\"")
                }
                entriesByName[name] = entriesByName[name] ?? entry
            }
        }
    }

    /// A path leads to one value: what stands there cannot hold another one.
    private static func checkIdentity(of entry: EventEntry) throws {
        let paths = (entry.identity ?? [:]).keys.map { JSONStamp.keys(of: $0) }
        for path in paths {
            guard !path.contains(""), !paths.contains(where: { $0 != path && $0.starts(with: path) }) else {
                throw Invalid(
                    description: "event \"\(entry.name)\": nothing can be stamped at \"\(path.joined(separator: "."))\""
                )
            }
        }
    }

    private mutating func addReplayName(of entry: EventEntry, to channel: Int) throws {
        guard let replay = entry.replay else { return }
        let name = try EventName(replay)
        guard !name.isReserved, !replay.hasSuffix(".*"), !entry.name.hasSuffix(".*") else {
            throw Invalid(description: "\"\(entry.name)\" cannot be replayed as \"\(replay)\"")
        }
        replayNames[replay] = name
        entriesByChannel[channel][replay] = entriesByChannel[channel][replay] ?? entry
        entriesByName[replay] = entriesByName[replay] ?? entry
    }

    /// The position of a channel, found by its name or an alias.
    public func index(of name: some StringProtocol) -> Int? { indexByName[String(name)] }

    /// The channel's own name and its aliases.
    public func names(of index: Int) -> [Channel] { names[index] }

    /// Every name that an event of the channel may arrive under, aliases and replay names included, families left out:
    /// what a native `EventSource` needs listeners for.
    public func eventNames(of index: Int) -> [String] {
        document.channels[index].events.filter { !$0.name.hasSuffix(".*") }.flatMap { entry in
            [entry.name] + (entry.replay.map { [$0] } ?? []) + (entry.aliases ?? [])
        }
    }

    /// What the catalog says of an event: the channel's own listing first, then any channel's, then a family.
    public func entry(for event: EventName, in channel: Int) -> EventEntry? {
        let name = event.rawValue
        if let entry = entriesByChannel[channel][name] ?? entriesByName[name] { return entry }
        let family =
            families.first { $0.channel == channel && name.hasPrefix($0.prefix) }
            ?? families.first { name.hasPrefix($0.prefix) }
        return family?.entry
    }

    /// The name that the event has when it is replayed: the catalog's replay name, or the one it came under.
    public func replayName(of event: EventName, in channel: Int) -> EventName {
        guard let entry = entry(for: event, in: channel), let replay = entry.replay,
            entry.name == event.rawValue || entry.aliases?.contains(event.rawValue) == true
        else { return event }
        return replayNames[replay] ?? event
    }

    /// Whether the event is kept for replay if it has an id. The channel decides for events that nothing lists.
    public func isDurable(_ event: EventName, in channel: Int) -> Bool {
        entry(for: event, in: channel)?.durable ?? document.channels[channel].durable
    }
}
