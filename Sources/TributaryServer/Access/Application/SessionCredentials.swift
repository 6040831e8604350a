import Crypto
import HTTPTypes

/// What the application knows a session by: the cookies and the `Authorization` of a request. They are passed on to the application,
/// as they came, and to nobody else; their text is never shown.
struct SessionCredentials: Sendable, Equatable {
    let cookie: String?
    let authorization: String?

    /// - Returns: `nil` for a request with neither.
    /// - Throws: `unauthorized` for more than one `Authorization`: nobody could tell which one counts.
    init?(_ fields: HTTPFields) throws(Problem) {
        let authorizations = fields[values: .authorization].filter { !$0.isEmpty }
        guard authorizations.count <= 1 else { throw .unauthorized(false) }
        // HTTP/2 may send each cookie in a field of its own: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.3
        let cookies = fields[values: .cookie].filter { !$0.isEmpty }.joined(separator: "; ")
        guard !cookies.isEmpty || !authorizations.isEmpty else { return nil }
        cookie = cookies.isEmpty ? nil : cookies
        authorization = authorizations.first
    }

    /// Tells sessions apart without holding what they are known by.
    var digest: SHA256Digest {
        var hash = SHA256()
        // No field's value holds a line break.
        for text in [cookie ?? "", "\n", authorization ?? ""] { hash.update(data: Array(text.utf8)) }
        return hash.finalize()
    }

    /// Browsers add cookies by themselves, and the passwords that their own dialogue asked for; only a bearer token is always
    /// somebody's intention.
    var isAmbient: Bool {
        cookie != nil || authorization?.prefix(7).lowercased() != "bearer "
    }
}

extension SessionCredentials: CustomStringConvertible, CustomReflectable {
    var description: String { "SessionCredentials" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
