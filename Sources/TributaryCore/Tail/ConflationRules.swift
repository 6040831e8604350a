import TributaryProtocol

/// Finds out what an event replaces, by the catalog: one look at its data, and only if its entry has `conflate`.
///
/// What is behind and what isn't is known on other event loops, so it is done for every such event: some 100 ns of the
/// microseconds that an event takes. Lives on the relay's event loop.
struct ConflationRules {
    private struct Rule {
        let group: String
        let path: JSONPath
        let replacesGroup: Bool
    }

    /// 256 bytes, as the longest user has; what is larger is no name.
    static let valueLimit = 256
    /// 256 names a channel: more than any catalog lists, and what nobody listed has no bound.
    private static let nameLimit = 256

    private let catalog: Catalog
    /// By channel: what has been looked up; `nil` for an event without a rule.
    private var rules: [[EventName: Rule?]]
    /// The last that was looked up: events of one name come in bursts.
    private var last: (event: EventName, channel: Int, rule: Rule?)?

    init(_ catalog: Catalog) {
        self.catalog = catalog
        rules = Array(repeating: [:], count: catalog.channels.count)
    }

    /// What an event without an id replaces; `nil` if it is none of those that do.
    mutating func conflation(
        of event: EventName, in channel: Int, to recipient: UserID?, data: UnsafeRawBufferPointer
    ) -> Conflation? {
        guard let rule = rule(for: event, in: channel),
            let value = rule.path.scalar(in: data, limit: Self.valueLimit)
        else { return nil }
        let group = Conflation.Group(channel: channel, name: rule.group, recipient: recipient)
        return Conflation(group: group, value: value, replacesGroup: rule.replacesGroup)
    }

    private mutating func rule(for event: EventName, in channel: Int) -> Rule? {
        if let last, last.channel == channel, last.event == event { return last.rule }
        let rule = lookUp(event, in: channel)
        last = (event, channel, rule)
        return rule
    }

    private mutating func lookUp(_ event: EventName, in channel: Int) -> Rule? {
        if let known = rules[channel][event] { return known }
        let rule = catalog.entry(for: event, in: channel).flatMap { entry in
            entry.conflate.map { path in
                Rule(
                    group: entry.conflateGroup ?? entry.name, path: JSONPath(path),
                    replacesGroup: entry.replacesGroup ?? false
                )
            }
        }
        if rules[channel].count < Self.nameLimit { rules[channel][event] = .some(rule) }
        return rule
    }
}
