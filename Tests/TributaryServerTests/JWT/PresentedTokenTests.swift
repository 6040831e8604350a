import HTTPTypes
import Testing

@testable import TributaryServer

/// Where a token may stand in a request.
@Suite struct PresentedTokenTests {
    private let authenticator = Result { try JWTAuthenticator.testing(.forged { $0.cookie = "session" }) }

    private func token(_ user: String) -> String {
        Forge.token(exactly: #"{"sub":"\#(user)","exp":\#(Forge.seconds(60))}"#)
    }

    private func verdict(_ target: String = "/stream", _ fields: (HTTPField.Name, String)...) async throws -> String? {
        try await authenticator.get().verdict(.request(target, fields))
    }

    @Test func `the header comes before the cookie, the cookie before the query`() async throws {
        let bearer = (HTTPField.Name.authorization, "Bearer \(token("header"))")
        let cookie = (HTTPField.Name.cookie, "session=\(token("cookie"))")
        let target = "/stream?channels=chat&token=\(token("query"))"
        #expect(try await verdict(target, bearer, cookie) == "header")
        #expect(try await verdict(target, cookie) == "cookie")
        #expect(try await verdict(target) == "query")
        #expect(try await verdict() == nil)
    }

    @Test func `only a cookie comes by itself`() async throws {
        let authenticator = try authenticator.get()
        let cookie = try await authenticator.authenticate(.request("/stream", [(.cookie, "session=\(token("a"))")]))
        #expect(cookie?.isAmbient == true)
        let query = try await authenticator.authenticate(.request("/stream?token=\(token("a"))"))
        #expect(query?.isAmbient == false)
    }

    @Test func `a bearer that is no such token is left to others, and nothing takes its place`() async throws {
        for other in ["opaque", "a.b.c", "v1.public.eyJ", "eyJ.eyJ", "eyJ.eyJ.a.b.c", "eyJ.e J.a", "eyJ.e+J.a"] {
            #expect(try await verdict("/", (.authorization, "Bearer \(other)")) == nil, "\(other)")
            let bearer = (HTTPField.Name.authorization, "Bearer \(other)")
            let cookie = (HTTPField.Name.cookie, "session=\(token("c"))")
            #expect(try await verdict("/?token=\(token("q"))", bearer, cookie) == nil)
        }
        // A user and a password belong to a proxy in front.
        #expect(try await verdict("/", (.authorization, "Basic dTpw"), (.cookie, "session=\(token("c"))")) == "c")
    }

    @Test func `two at one place are refused`() async throws {
        let bearer = (HTTPField.Name.authorization, "Bearer \(token("a"))")
        #expect(try await verdict("/", bearer, bearer) == "invalid_token")
        #expect(try await verdict("/", bearer, (.authorization, "Basic dTpw")) == "invalid_token")
        let cookie = "session=\(token("a"))"
        #expect(try await verdict("/", (.cookie, "\(cookie); \(cookie)")) == "invalid_token")
        #expect(try await verdict("/", (.cookie, cookie), (.cookie, cookie)) == "invalid_token")
        #expect(try await verdict("/?token=\(token("a"))&token=\(token("b"))") == "repeated_parameter")
    }

    @Test func `a cookie is found among others`() async throws {
        let text = token("c")
        for header in [
            "session=\(text)", "a=b; session=\(text); c=d", "a=b;session=\(text)", "session=\"\(text)\"",
            "xsession=evil; session=\(text)", "session=\(text) ; a", "SESSION=x; session=\(text)",
        ] {
            #expect(try await verdict("/", (.cookie, header)) == "c", "\(header)")
        }
        for header in ["session=", "session=\"\"", "sessio=\(text)", "a=session=\(text)", "session"] {
            #expect(try await verdict("/", (.cookie, header)) == nil, "\(header)")
        }
        let nameless = try JWTAuthenticator.testing(.forged())
        #expect(await nameless.verdict(.request("/", [(.cookie, "session=\(text)")])) == nil)
    }

    @Test func `what stands in the cookie or the query is meant to be a token`() async throws {
        #expect(try await verdict("/", (.cookie, "session=opaque")) == "invalid_token")
        #expect(try await verdict("/?token=opaque") == "invalid_token")
        #expect(try await verdict("/?token=") == nil)
    }

    @Test func `a token that is longer than any is refused unread`() async throws {
        let long = Forge.token(#""x":"\#(String(repeating: "x", count: 8_192))""#)
        #expect(try await verdict("/", (.authorization, "Bearer \(long)")) == "invalid_token")
        let fitting = Forge.token(#""x":"\#(String(repeating: "x", count: 5_500))""#)
        #expect(try await verdict("/", (.authorization, "Bearer \(fitting)")) == "ada")
    }

    @Test func `base64url has one spelling`() {
        for (text, bytes) in [("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob")] {
            #expect([UInt8](base64URL: text.utf8) == Array(bytes.utf8), "\(text)")
        }
        #expect([UInt8](base64URL: "-_-_".utf8) == [0xFB, 0xFF, 0xBF])
        for wrong in ["Zg==", "Zh", "Zm9", "Z", "Zm9vY", "+/", "Zg ", "Zg\n", "é"] {
            #expect([UInt8](base64URL: wrong.utf8) == nil, "\(wrong)")
        }
    }
}
