import NIOCore

extension RedisCommand {
    /// The slot of the command's first key, or sharded channel; `nil` for one that any server takes.
    var slot: Int? {
        switch arguments.first?.text.uppercased() {
        case nil, "PING", "PUBLISH", "MULTI", "EXEC", "DISCARD", "TIME", "FUNCTION", "SCRIPT", "CLUSTER", "PUBSUB",
            "INFO",
            "WAIT", "ROLE", "CLIENT", "CONFIG", "ASKING", "READONLY", "READWRITE":
            nil
        case "FCALL", "FCALL_RO", "EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO":
            arguments.count > 3 && arguments[2].text != "0" ? arguments[3].slot : nil
        default: arguments.count > 1 ? arguments[1].slot : nil
        }
    }

    /// Begins a transaction, which is one server's.
    var beginsTransaction: Bool { arguments.first?.text.uppercased() == "MULTI" }
}

extension RedisArgument {
    fileprivate var text: String {
        switch self {
        case .string(let text): text
        case .bytes(let bytes): String(buffer: bytes)
        }
    }

    fileprivate var slot: Int {
        switch self {
        case .string(let text): HashSlot.of(text)
        case .bytes(let bytes): HashSlot.of(bytes.readableBytesView)
        }
    }
}
