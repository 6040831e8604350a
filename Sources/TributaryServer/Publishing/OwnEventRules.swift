import HTTPTypes
import NIOCore
import TributaryCore
import TributaryProtocol

/// What the hub makes of an event that a user publishes itself: it writes who the user is where the catalog says so, and refuses
/// what would speak for somebody else. Services and operators publish for everybody; nothing of this is theirs.
struct OwnEventRules: Sendable {
    private let catalog: Catalog
    /// Where any event of the catalog tells who sent it: what an event that has no such paths of its own may not say falsely either.
    private let claims: [(path: String, template: String)]

    private static let user = "$user_id"
    private static let clientMessageID = "$client_msg_id"

    init(_ catalog: Catalog) {
        self.catalog = catalog
        // The two usual spellings, whatever the catalog says.
        var claims = [(path: "userId", template: Self.user), (path: "user_id", template: Self.user)]
        for entry in catalog.document.channels.flatMap(\.events) {
            for (path, template) in (entry.identity ?? [:]).sorted(by: { $0.key < $1.key })
            where template != Self.clientMessageID && !claims.contains(where: { $0.path == path }) {
                claims.append((path, template))
            }
        }
        self.claims = claims
    }

    /// The event as it is published.
    ///
    /// - Parameters:
    ///   - channel: the event's, in the catalog.
    ///   - userType: what the user is to the project.
    /// - Throws: `id_forbidden`, `recipient_forbidden`, `event_forbidden`, `user_mismatch` (403); `data_not_an_object`,
    ///   `repeated_key` (400).
    func own(_ event: Event, in channel: Int, by user: UserID, userType: String) throws(Problem) -> Event {
        guard event.id == nil else { throw .idForbidden }
        guard event.recipient == nil || event.recipient == user else { throw .recipientForbidden }
        let entry = catalog.entry(for: event.name, in: channel)
        // It would take away what others said, such as who is there.
        guard entry?.replacesGroup != true else { throw .eventForbidden(event.name) }
        var event = event
        event.sender = user
        // The name as the hub has it: to Swift, and to nobody else, composed and decomposed letters are equal.
        if event.recipient != nil { event.recipient = user }
        let rules = rules(entry?.identity ?? [:], for: event, by: user, userType: userType)
        do {
            event.data = try JSONStamp(rules).apply(to: event.data)
        } catch {
            throw Problem(error)
        }
        return event
    }

    private func rules(
        _ identity: [String: String], for event: Event, by user: UserID, userType: String
    ) -> [JSONStamp.Rule] {
        var rules: [JSONStamp.Rule] = []
        // Sorted, so that what is added always stands in the same order.
        for (path, template) in identity.sorted(by: { $0.key < $1.key }) {
            if template != Self.clientMessageID {
                rules.append(rule(path, template, user, userType, isAdded: true))
            } else if let text = event.clientMessageID {
                rules.append(JSONStamp.Rule(path, text, refusesOthers: false, isAdded: true))
            }
        }
        for claim in claims where !identity.keys.contains(where: { overlaps($0, claim.path) }) {
            rules.append(rule(claim.path, claim.template, user, userType, isAdded: false))
        }
        return rules
    }

    private func rule(
        _ path: String, _ template: String, _ user: UserID, _ userType: String, isAdded: Bool
    ) -> JSONStamp.Rule {
        if template == Self.user {
            return JSONStamp.Rule(path, user.rawValue, refusesOthers: true, isAdded: isAdded)
        }
        // The catalog's `client` is what a user is of whom the application says nothing else.
        let isUserType = template == "client" && (path == "user_type" || path.hasSuffix(".user_type"))
        return JSONStamp.Rule(path, isUserType ? userType : template, refusesOthers: false, isAdded: isAdded)
    }

    /// Whether one path leads to the other, or they are the same.
    private func overlaps(_ one: String, _ other: String) -> Bool {
        one == other || one.hasPrefix(other + ".") || other.hasPrefix(one + ".")
    }
}

extension Problem {
    fileprivate init(_ refusal: JSONStamp.Refusal) {
        switch refusal {
        case .notAnObject(let path):
            let place = Self.place(path)
            self.init(
                .badRequest, "data_not_an_object",
                "\"\(place)\" has to be an object: the hub writes into it who you are.",
                details: [Detail(name: "path", value: place)]
            )
        case .repeatedKey(let path):
            let place = Self.place(path)
            self.init(
                .badRequest, "repeated_key", "Give \"\(place)\" once.", details: [Detail(name: "path", value: place)]
            )
        case .otherText(let path):
            let place = Self.place(path)
            self = .userMismatch
            message = "\"\(place)\" is somebody else than you; leave it out, or name yourself."
            details = [Detail(name: "path", value: place)]
        case .malformed: self.init(Envelope.Rejection.malformed)
        }
    }

    private static func place(_ path: String) -> String { path.isEmpty ? "data" : "data.\(path)" }

    fileprivate static let idForbidden = Problem(
        .forbidden, "id_forbidden", "Leave \"id\" out: only services number events, users' own get theirs from the hub."
    )

    fileprivate static let recipientForbidden = Problem(
        .forbidden, "recipient_forbidden", "Leave \"to\" out, or name yourself: only services write to one user."
    )
}
