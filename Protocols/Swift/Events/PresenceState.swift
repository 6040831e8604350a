/// Whether a user is there. Open: a service may know more states than the contract's three.
public struct PresenceState: RawRepresentable, Hashable, Sendable, Codable {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let online = PresenceState(rawValue: "online")
    public static let away = PresenceState(rawValue: "away")
    public static let offline = PresenceState(rawValue: "offline")
}
