import HTTPTypes

/// A token as a request shows it.
struct PresentedToken: Sendable, Equatable {
    let text: String
    /// It came as a cookie.
    let isAmbient: Bool
}

extension Credentials {
    /// The token that the request shows: after `Bearer` in `Authorization`, else in the cookie `cookie`, else as `token` in the query,
    /// because a native `EventSource` cannot send headers.
    ///
    /// - Returns: `nil` for none, and for a bearer that is no JSON Web Token: that one is for somebody else to judge, and what
    ///   comes along by itself must not take its place.
    /// - Throws: `invalid_token` or `repeated_parameter` for two at the same place: nobody could tell which one counts.
    func token(cookie: String?) throws(Problem) -> PresentedToken? {
        guard fields[values: .authorization].count <= 1 else { throw .invalidToken("Send \"Authorization\" once.") }
        if let bearer {
            return JSONWebToken.isShaped(bearer) ? PresentedToken(text: String(bearer), isAmbient: false) : nil
        }
        if let cookie, let text = try value(ofCookie: cookie), !text.isEmpty {
            return PresentedToken(text: text, isAmbient: true)
        }
        guard let text = try Query(target: target).value("token"), !text.isEmpty else { return nil }
        return PresentedToken(text: text, isAmbient: false)
    }

    /// Source: https://www.rfc-editor.org/rfc/rfc6265#section-4.2.1
    private func value(ofCookie name: String) throws(Problem) -> String? {
        var found: Substring?
        for pair in fields[values: .cookie].flatMap({ $0.split(separator: ";") }) {
            let pair = pair.drop { $0 == " " }
            guard pair.hasPrefix(name + "=") else { continue }
            // A subdomain can set a cookie of the same name beside ours.
            guard found == nil else { throw .invalidToken("The cookie \"\(name)\" came twice.") }
            found = pair.dropFirst(name.count + 1)
        }
        while found?.last == " " { found?.removeLast() }
        if let value = found, value.count >= 2, value.first == "\"", value.last == "\"" {
            found = value.dropFirst().dropLast()
        }
        return found.map(String.init)
    }
}
