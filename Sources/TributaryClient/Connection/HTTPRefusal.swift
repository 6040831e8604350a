import Foundation

/// An answer of the hub that is not what was asked for: the status, and what the error object says.
public struct HTTPRefusal: Error, Equatable, Sendable {
    /// The HTTP status code.
    public var status: Int
    /// `error` of the hub's answer, such as `unknown_channel`; `nil` if somebody else answered.
    public var code: String?
    /// `message` of the hub's answer: what to do about it.
    public var message: String?
    /// What `Retry-After` asked for.
    public var retryAfter: Duration?

    public init(status: Int, code: String? = nil, message: String? = nil, retryAfter: Duration? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// - Parameter body: the answer's body; anything but `{"error":…,"message":…}` leaves both `nil`.
    init(status: Int, body: Data, retryAfter: Duration? = nil) {
        struct Answer: Decodable {
            var error: String?
            var message: String?
        }
        let answer = try? JSONDecoder().decode(Answer.self, from: body)
        self.init(status: status, code: answer?.error, message: answer?.message, retryAfter: retryAfter)
    }
}

extension HTTPRefusal: CustomStringConvertible {
    public var description: String {
        let reason = [code, message].compactMap(\.self).joined(separator: ": ")
        return reason.isEmpty ? "HTTP \(status)" : "HTTP \(status) (\(reason))"
    }
}
