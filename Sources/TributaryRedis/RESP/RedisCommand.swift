import CHiredis
import NIOCore

/// One command with its arguments, as `RedisCommand("PUBLISH", "chat:p1", .bytes(payload))`.
public struct RedisCommand: Sendable, Equatable, CustomStringConvertible {
    /// The command's name first.
    public var arguments: [RedisArgument]

    public init(_ arguments: RedisArgument...) {
        self.arguments = arguments
    }

    public init(arguments: [RedisArgument]) {
        self.arguments = arguments
    }

    /// The name alone: arguments may hold a password.
    public var description: String {
        if case .string(let name)? = arguments.first { name } else { "command" }
    }

    /// Appends the command as RESP, written by hiredis.
    ///
    /// - Throws: ``RedisError/protocolViolation(_:)`` if there is no argument at all, or no memory.
    func encode(into output: inout ByteBuffer) throws(RedisError) {
        var scratch = ByteBuffer()
        var ends: [Int] = []
        ends.reserveCapacity(arguments.count)
        for argument in arguments {
            switch argument {
            case .string(let text): scratch.writeString(text)
            case .bytes(let bytes): scratch.writeImmutableBuffer(bytes)
            }
            ends.append(scratch.writerIndex)
        }
        var command: UnsafeMutablePointer<CChar>?
        // One spare byte, because the address of an empty argument must be an address as well.
        scratch.writeInteger(0 as UInt8)
        let length = scratch.withUnsafeReadableBytes { bytes in
            var pointers: [UnsafePointer<CChar>?] = []
            var lengths: [Int] = []
            var start = 0
            for end in ends {
                pointers.append(bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) })
                lengths.append(end - start)
                start = end
            }
            return redisFormatCommandArgv(&command, Int32(ends.count), &pointers, &lengths)
        }
        guard let command, length > 0, !ends.isEmpty else {
            throw .protocolViolation("a command that cannot be formatted")
        }
        output.writeBytes(UnsafeRawBufferPointer(start: command, count: Int(length)))
        redisFreeCommand(command)
    }

    /// The command as RESP.
    func encoded() throws(RedisError) -> ByteBuffer {
        var output = ByteBuffer()
        try encode(into: &output)
        return output
    }
}

/// One argument of a command: text, bytes, or a number in decimal digits.
public enum RedisArgument: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    case string(String)
    case bytes(ByteBuffer)

    public init(stringLiteral value: String) { self = .string(value) }

    public static func integer(_ value: some BinaryInteger) -> Self { .string(String(value)) }
}
