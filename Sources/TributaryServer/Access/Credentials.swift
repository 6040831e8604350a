import HTTPTypes
import NIOCore

/// What of a request can tell who sends it.
struct Credentials: Sendable {
    var method: HTTPRequest.Method
    /// Path and query as they were sent.
    var target: String
    var fields: HTTPFields
    var body = ByteBuffer()
    /// The client's address, without its port.
    var peer: String
    /// The request came over TLS that the hub itself ended.
    var isSecure = false
    /// The `Host` that the client named, with its port if it gave one.
    var authority: String?

    /// The credential after `Bearer` in `Authorization`; `nil` for none, for another scheme, and for more than one.
    var bearer: Substring? {
        let values = fields[values: .authorization]
        guard values.count == 1 else { return nil }
        let parts = values[0].split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        // The scheme's name is not case-sensitive: https://www.rfc-editor.org/rfc/rfc9110#section-11.1
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return parts[1].drop { $0 == " " }
    }
}
