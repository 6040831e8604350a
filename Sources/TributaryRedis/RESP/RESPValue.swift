import NIOCore

/// One reply of Redis, protocol version 2: https://redis.io/docs/latest/develop/reference/protocol-spec/
public enum RESPValue: Sendable, Equatable {
    case simpleString(String)
    /// An error inside an array; one that answers a command is thrown as ``RedisError/server(code:message:)``.
    case error(String)
    case integer(Int64)
    case bulkString(ByteBuffer)
    case array([RESPValue])
    case null
}

extension RESPValue {
    /// The text of a simple or bulk string; `nil` for anything else, and for bytes that are not UTF-8.
    public var string: String? {
        switch self {
        case .simpleString(let text): text
        case .bulkString(let bytes): String(validating: bytes.readableBytesView, as: UTF8.self)
        default: nil
        }
    }

    /// An integer, or a string of decimal digits as scripts and hashes return them.
    public var integer: Int64? {
        if case .integer(let value) = self { value } else { string.flatMap { Int64($0) } }
    }

    /// The elements of an array.
    public var array: [RESPValue]? {
        if case .array(let values) = self { values } else { nil }
    }
}
