import CHiredis
import NIOCore
import TributaryCore
import TributaryProtocol

/// Reads the subscriber connection: messages go to the receiver straight from hiredis' buffer, without an allocation.
///
/// Lives on the relay's event loop.
package final class PushSink: ReplySink {
    /// What is not a message.
    package enum Reply: Equatable {
        case subscribed
        case unsubscribed
        case pong
        /// The answer to a command of the handshake.
        case value(RESPValue)
        /// A command was refused; the text is Redis' own.
        case refused(String)
    }

    private enum Kind {
        case none, message, subscribe, unsubscribe, pong, other
    }

    private enum Target {
        case nobody
        case control
        case node
        case topic(Topic)
    }

    private let topics: TopicTable
    private let receiver: any RelayReceiver
    private let control: [UInt8]
    private let nodes: [[UInt8]]
    private let maximumPayloadBytes: Int
    private let replied: (Reply) -> Void
    private let probed: (UnsafeRawBufferPointer) -> Void
    private var kind = Kind.none
    /// Answers to commands come first, some of them arrays; of these the first element counts.
    var isShakingHands = false
    /// `nil` until the name of a message is known.
    private var target: Target?
    private var root: Reply?
    /// Something was handed to the receiver since the last ``finishBatch()``.
    private var hasDelivered = false

    /// 512 MiB: Redis' own limit of a string (`proto-max-bulk-len`); a longer one is not Redis.
    private static let maximumSkippedBytes = 512 << 20

    /// - Parameters:
    ///   - topics: who is subscribed, by name.
    ///   - receiver: hears the messages.
    ///   - control: the name of the connection's own channel.
    ///   - nodes: the names of the channels on which nodes tell each other something.
    ///   - maximumPayloadBytes: longer payloads are rejected; a much longer one is dropped as it arrives.
    ///   - replied: called with each reply that is not a message.
    ///   - probed: called with each payload on the node's own channel, valid only during the call.
    package init(
        topics: TopicTable,
        receiver: any RelayReceiver,
        control: String,
        nodes: [String] = [],
        maximumPayloadBytes: Int,
        replied: @escaping (Reply) -> Void,
        probed: @escaping (UnsafeRawBufferPointer) -> Void
    ) {
        self.topics = topics
        self.receiver = receiver
        self.control = Array(control.utf8)
        self.nodes = nodes.map { Array($0.utf8) }
        self.maximumPayloadBytes = maximumPayloadBytes
        self.replied = replied
        self.probed = probed
    }

    /// Tells the receiver that what one read held has been handed over.
    package func finishBatch() {
        guard hasDelivered else { return }
        hasDelivered = false
        receiver.relayFinishedBatch()
    }

    override func array(count: Int, at task: UnsafePointer<redisReadTask>) {
        if task.pointee.parent != nil || count < 1, !isShakingHands { unexpected() }
    }

    override func string(_ bytes: UnsafeRawBufferPointer, at task: UnsafePointer<redisReadTask>) {
        guard let parent = task.pointee.parent else { return answer(bytes, type: task.pointee.type) }
        guard !isShakingHands else {
            if parent.pointee.parent == nil, task.pointee.idx == 0 {
                root = .value(.array([.bulkString(ByteBuffer(bytes: bytes))]))
            }
            return
        }
        guard parent.pointee.parent == nil else { return unexpected() }
        switch task.pointee.idx {
        case 0:
            kind = Self.kind(bytes)
        case 1 where kind == .message:
            if let topic = topics.topic(named: bytes) {
                target = .topic(topic)
            } else {
                target = ownTarget(bytes)
            }
        case 2 where kind == .message:
            deliver(bytes)
        default:
            break
        }
    }

    override func integer(_ value: Int64, at task: UnsafePointer<redisReadTask>) {
        if task.pointee.parent == nil {
            root = .value(.integer(value))
        } else if kind == .none || kind == .message, !isShakingHands {
            unexpected()
        }
    }

    override func null(at task: UnsafePointer<redisReadTask>) {
        if task.pointee.parent == nil {
            root = .value(.null)
        } else if kind == .none || kind == .message, !isShakingHands {
            unexpected()
        }
    }

    override func finishReply() {
        let reply: Reply? =
            switch kind {
            case .none: root
            case .subscribe: .subscribed
            case .unsubscribe: .unsubscribed
            case .pong: .pong
            case .message, .other: nil
            }
        reset()
        if let reply { replied(reply) }
    }

    override func beginLongString(length: Int) -> LongString {
        guard length > limit else { return .read }
        // Only the payload of a message is known to be the last element of its reply.
        guard target != nil, length <= Self.maximumSkippedBytes else {
            failure = .protocolViolation("a string of \(length) bytes")
            return .fail
        }
        if case .topic(let topic) = target { reject(on: topic) }
        return .skip
    }

    override func reset() {
        kind = .none
        target = nil
        root = nil
    }

    /// The longest payload that is of use.
    private var limit: Int {
        if case .node = target { RedisRelay.maximumMessageBytes } else { maximumPayloadBytes }
    }

    private func ownTarget(_ name: UnsafeRawBufferPointer) -> Target {
        if control.withUnsafeBytes(name.equals) { return .control }
        return nodes.contains { $0.withUnsafeBytes(name.equals) } ? .node : .nobody
    }

    private func deliver(_ payload: UnsafeRawBufferPointer) {
        switch target {
        case .topic(let topic) where payload.count > maximumPayloadBytes:
            reject(on: topic)
        case .topic(let topic):
            hasDelivered = true
            receiver.relayReceived(payload, on: topic)
        case .control:
            probed(payload)
        case .node where payload.count <= RedisRelay.maximumMessageBytes:
            receiver.relayHeard(ByteBuffer(bytes: payload))
        case .nobody, .node, nil:
            // On its way when its topic was unsubscribed.
            break
        }
    }

    private func reject(on topic: Topic) {
        hasDelivered = true
        receiver.relayRejected(.tooLarge, on: topic)
    }

    private func answer(_ bytes: UnsafeRawBufferPointer, type: Int32) {
        let text = String(decoding: bytes, as: UTF8.self)
        root =
            switch type {
            case REDIS_REPLY_ERROR: .refused(text)
            case REDIS_REPLY_STATUS: .value(.simpleString(text))
            default: .value(.bulkString(ByteBuffer(bytes: bytes)))
            }
    }

    private func unexpected() {
        if failure == nil { failure = .protocolViolation("not a pub/sub reply") }
    }

    private static func kind(_ name: UnsafeRawBufferPointer) -> Kind {
        switch name.count {
        case 7 where name.equals("message"): .message
        case 8 where name.equals("smessage"): .message
        case 9 where name.equals("subscribe"): .subscribe
        case 10 where name.equals("ssubscribe"): .subscribe
        case 11 where name.equals("unsubscribe"): .unsubscribe
        case 12 where name.equals("sunsubscribe"): .unsubscribe
        case 4 where name.equals("pong"): .pong
        default: .other
        }
    }
}
