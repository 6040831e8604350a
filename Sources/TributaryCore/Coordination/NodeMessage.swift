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
        /// Closes a stream.
        case close
        /// Closes a user's streams.
        case revoke
        /// Changes a stream's channels.
        case change
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
    /// How many streams were closed.
    var closed: Int?
    /// The channels that the stream will have.
    var channels: [String]?
    var explanation: Explanation.Node?

    init(to question: NodeQuestion) {
        number = question.number
    }

    /// Whether the node had what was asked for by its name.
    var isPositive: Bool { channels != nil || (closed ?? 0) > 0 }
}
