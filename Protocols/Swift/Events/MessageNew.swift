/// `message.new` on `chat`: somebody said something. Durable; replayed as `message.replay`.
public struct MessageNew: PublishableEvent, Equatable {
    public static let eventName = "message.new"
    public static let replayName: String? = "message.replay"
    public static let channel = Channel.chat

    /// What was said.
    public struct Content: Codable, Equatable, Sendable {
        public var text: String
        /// What `text` is, such as `text` or `markdown`.
        public var type: String
        /// How the message was meant, such as `chat` or `plan`.
        public var mode: String
        /// Who speaks: `client` for a person at a browser or an app, which the hub enforces for users' own messages.
        public var actorType: String

        enum CodingKeys: String, CodingKey {
            case text, type, mode
            case actorType = "actor_type"
        }

        public init(text: String, type: String = "text", mode: String = "chat", actorType: String = "client") {
            self.text = text
            self.type = type
            self.mode = mode
            self.actorType = actorType
        }
    }

    /// What belongs to the message without being said; keys beyond the contract's two are kept.
    public struct Metadata: Codable, Equatable, Sendable {
        public var members: [String: JSONValue]

        /// The build that the message belongs to.
        public var buildID: JSONValue? {
            get { members["build_id"] }
            set { members["build_id"] = newValue }
        }

        /// The answer's own data, whatever its service puts there.
        public var responseData: JSONValue? {
            get { members["response_data"] }
            set { members["response_data"] = newValue }
        }

        public init(_ members: [String: JSONValue] = [:]) {
            self.members = members
        }

        public init(from decoder: any Decoder) throws {
            members = try decoder.singleValueContainer().decode([String: JSONValue].self)
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(members)
        }
    }

    public var messageID: Identifier
    /// The sender's own key for the message, by which its client finds it again; `nil` for what no client wrote.
    public var clientMessageID: String?
    public var projectID: String
    public var userID: String
    public var content: Content
    public var timestamp: Timestamp
    public var metadata: Metadata
    /// The publisher's sequence number, if it puts that into the data as well; a number or digits in a string.
    public var sequence: Identifier?

    enum CodingKeys: String, CodingKey {
        case messageID = "messageId"
        case clientMessageID = "client_msg_id"
        case projectID = "projectId"
        case userID = "userId"
        case content, timestamp, metadata
        case sequence = "seq"
    }

    public init(
        messageID: Identifier,
        clientMessageID: String? = nil,
        projectID: String,
        userID: String,
        content: Content,
        timestamp: Timestamp,
        metadata: Metadata = Metadata(),
        sequence: Identifier? = nil
    ) {
        self.messageID = messageID
        self.clientMessageID = clientMessageID
        self.projectID = projectID
        self.userID = userID
        self.content = content
        self.timestamp = timestamp
        self.metadata = metadata
        self.sequence = sequence
    }

    /// Accepts messages without `client_msg_id` or `metadata`, though the schema asks publishers for them.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        messageID = try container.decode(Identifier.self, forKey: .messageID)
        clientMessageID = try container.decodeIfPresent(String.self, forKey: .clientMessageID)
        projectID = try container.decode(String.self, forKey: .projectID)
        userID = try container.decode(String.self, forKey: .userID)
        content = try container.decode(Content.self, forKey: .content)
        timestamp = try container.decode(Timestamp.self, forKey: .timestamp)
        metadata = try container.decodeIfPresent(Metadata.self, forKey: .metadata) ?? Metadata()
        sequence = try container.decodeIfPresent(Identifier.self, forKey: .sequence)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(messageID, forKey: .messageID)
        // The schema requires the key, and allows null.
        try container.encode(clientMessageID, forKey: .clientMessageID)
        try container.encode(projectID, forKey: .projectID)
        try container.encode(userID, forKey: .userID)
        try container.encode(content, forKey: .content)
        try container.encode(timestamp, forKey: .timestamp)
        try container.encode(metadata, forKey: .metadata)
        try container.encodeIfPresent(sequence, forKey: .sequence)
    }
}
