/// Any `plan.*` event, those with a type of their own included: what all have in common, and the rest as it came.
///
/// For a program that follows plans without knowing each step of their lives. To publish, take the event's own type.
public struct PlanEvent: TypedEvent, Equatable {
    public static let eventName = "plan.*"

    public var planID: Identifier
    /// Every member of the data, `planId` included.
    public var members: [String: JSONValue]

    private enum CodingKeys: String, CodingKey {
        case planID = "planId"
    }

    public init(from decoder: any Decoder) throws {
        planID = try decoder.container(keyedBy: CodingKeys.self).decode(Identifier.self, forKey: .planID)
        members = try decoder.singleValueContainer().decode([String: JSONValue].self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(members)
    }
}
