import Foundation
import struct NIOCore.ByteBuffer
import TributaryProtocol

/// What nodes say to each other through ``Relay/tell(_:node:)``, as JSON. What a node does not understand it passes over, so
/// that nodes of two versions get on.
struct NodeMessage: Codable, Sendable {
    /// The node that says it.
    var from: String
    var displaced: [Displaced]?
    var question: NodeQuestion?
    var answer: NodeAnswer?
    /// A user who has said at this node whether it types, so that no other says for it that it stopped.
    var typing: Member?
    /// Projects of which the presence store has forgotten who is there: the nodes say it again, and tell who watches.
    var forgotten: [String]?

    /// A user in a project.
    struct Member: Codable, Sendable {
        var user: String
        var project: String
    }

    /// A stream that lost its place.
    struct Displaced: Codable, Sendable {
        var id: String
        var reason: String
    }

    init(from: String) {
        self.from = from
    }

    /// - Returns: `nil` for what is no message.
    init?(_ bytes: ByteBuffer) {
        guard let message = try? JSONDecoder().decode(NodeMessage.self, from: Data(bytes.readableBytesView)) else {
            return nil
        }
        self = message
    }

    func encoded() -> ByteBuffer {
        // Nothing in it can fail to be encoded.
        ByteBuffer(bytes: (try? JSONEncoder().encode(self)) ?? Data())
    }
}

/// Something that a node asks all others.
struct NodeQuestion: Codable, Sendable {
    enum Kind: String, Codable, Sendable {
        /// Which streams are open, of a user, in a project.
        case connections
        /// Whose a stream is.
        case find
        /// Closes a stream.
        case close
        /// Closes a user's streams.
        case revoke
        /// Changes a stream's channels.
        case change
        /// Gives a stream the time of a new credential.
        case renew
        /// What became of an event.
        case explain
    }

    var kind: Kind
    /// Tells the answers of one question from those of another.
    var number: UInt64 = 0
    var user: String?
    var project: String?
    var connection: String?
    var limit: Int?
    var adding: [String]?
    var removing: [String]?
    var fromSequence: UInt64?
    /// When the new credential ends, and when somebody is to be asked again, in milliseconds since 1970.
    var expiresAt: UInt64?
    var reviewAt: UInt64?
    var event: EventPlace?

    /// Where an event stands in the log.
    struct EventPlace: Codable, Sendable {
        var id: UInt64
        var channel: String?
        var position: String?
        var to: String?
    }

    init(_ kind: Kind) {
        self.kind = kind
    }
}

/// What a node answers.
struct NodeAnswer: Codable, Sendable {
    var number: UInt64
    var connections: [ConnectionListing.Connection]?
    /// There are more of them.
    var more: Bool?
    /// The stream that was looked for.
    var found: Found?
    /// How many streams were closed.
    var closed: Int?
    /// The channels that the stream will have.
    var channels: [String]?
    /// Whether the stream was given the time of a new credential.
    var isRenewed: Bool?
    var explanation: Explanation.Node?

    struct Found: Codable, Sendable {
        var user: String
        var project: String
        /// What it reads; a node of an earlier version doesn't say.
        var channels: [String]?
    }

    init(to question: NodeQuestion) {
        number = question.number
    }

    /// Whether the node had what was asked for by its name.
    var isPositive: Bool { channels != nil || found != nil || isRenewed == true || (closed ?? 0) > 0 }
}
