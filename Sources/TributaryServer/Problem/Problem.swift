import HTTPTypes
import NIOCore
import TributaryProtocol

/// An error as a client reads it: `{"error":"snake_case_code","message":"what to do about it", …}`.
public struct Problem: Error, Sendable, Equatable {
    /// The HTTP status.
    public var status: HTTPResponse.Status
    /// What went wrong, in snake_case; one of a fixed set, so that clients and counters can rely on it.
    public var code: String
    /// What to do about it, for a person.
    public var message: String
    /// What the code is about, such as the channel that is unknown; further keys of the object, in order.
    public var details: [Detail] = []
    /// Header fields that belong to the answer, such as `Allow` or `Retry-After`.
    public var fields = HTTPFields()

    /// One further key of the object.
    public struct Detail: Sendable, Equatable {
        /// What stands in the answer as JSON.
        public enum Value: Sendable, Equatable {
            case text(String)
            case number(Int)
        }

        public var name: String
        public var value: Value

        public init(name: String, value: String) {
            self.name = name
            self.value = .text(value)
        }

        public init(name: String, value: Int) {
            self.name = name
            self.value = .number(value)
        }
    }

    public init(_ status: HTTPResponse.Status, _ code: String, _ message: String, details: [Detail] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
    }

    /// The same with a `Retry-After` header, in seconds.
    func retry(afterSeconds seconds: Int) -> Problem {
        var copy = self
        copy.fields[.retryAfter] = String(seconds)
        return copy
    }

    /// Appends the object to `buffer`.
    func write(to buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"error":"#)
        buffer.writeJSONString(code)
        buffer.writeStaticString(#","message":"#)
        buffer.writeJSONString(message)
        for detail in details {
            buffer.writeStaticString(",")
            buffer.writeJSONString(detail.name)
            buffer.writeStaticString(":")
            switch detail.value {
            case .text(let text): buffer.writeJSONString(text)
            case .number(let number): buffer.writeString(String(number))
            }
        }
        buffer.writeStaticString("}")
    }

    /// The object as bytes.
    var json: ByteBuffer {
        var buffer = ByteBuffer()
        write(to: &buffer)
        return buffer
    }
}
