import HTTPTypes
import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryServer

@Suite struct AccessTests {
    @Test func `a token matches itself and nothing else`() throws {
        let token = try BearerToken("0123456789abcdef")
        #expect(token.matches("0123456789abcdef"))
        for wrong in ["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0", "\u{0}123456789abcdef"] {
            #expect(!token.matches(wrong), "\(wrong)")
        }
        #expect(try token == BearerToken("0123456789abcdef") && token != BearerToken("0123456789abcdeg"))
    }

    @Test func `a token's text is never shown`() throws {
        var configuration = ServerConfiguration()
        configuration.adminToken = try BearerToken("0123456789abcdef")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration)".contains("0123") && !dumped.contains("0123"))
    }

    @Test func `what is too short, too long or not visible is no token`() {
        let long = String(repeating: "a", count: 1_025)
        for text in ["", "0123456789abcde", "0123456789 abcdef", "0123456789abcdé", "0123456789abcde\n", long] {
            #expect(throws: BearerToken.Invalid.self) { try BearerToken(text) }
        }
    }

    @Test func `where nobody is asked, a caller is who it says it is, or its address`() throws {
        let access = Access(ServerConfiguration(), catalog: try .bundled())
        let caller = access.openCaller(
            Credentials(method: .get, target: "/stream", fields: [:], peer: "192.0.2.7"))
        let ada = try caller.user(named: "ada")
        #expect(ada.0.rawValue == "ada" && !ada.isAnonymous)
        let nobody = try caller.user(named: nil)
        #expect(nobody.0.rawValue == "192.0.2.7" && nobody.isAnonymous)
        #expect(throws: Problem.self) { try caller.user(named: "") }
    }
}

@Suite struct JSONBodyTests {
    private func body(_ text: String) throws(Problem) -> JSONBody { try JSONBody(ByteBuffer(string: text)) }

    private func code(_ text: String, _ read: (JSONBody) throws -> Void) -> String? {
        do {
            try read(try body(text))
            return nil
        } catch {
            return (error as? Problem)?.code
        }
    }

    @Test(arguments: ["", "{", "[]", "1", "null", "\"x\"", "{\"a\":NaN}", "{\"a\":01}", "{} {}"])
    func `a body is one JSON object`(_ text: String) {
        #expect(code(text) { _ in } == "malformed_json")
    }

    @Test func `members are of their kind, and null is absent`() throws {
        let body = try body(#"{"t":"x","l":["a","b"],"n":7,"d":"9007199254740991","z":null,"e":[]}"#)
        #expect(try body.text("t") == "x" && body.text("z") == nil && body.text("no") == nil)
        #expect(try body.texts("l") == ["a", "b"] && body.texts("e") == [] && body.texts("no") == nil)
        #expect(try body.id("n") == 7 && body.id("d") == EventID.maximum && body.id("no") == nil)
    }

    @Test func `members of another kind are named`() {
        for wrong in ["7", "[]", "{}", "true"] {
            #expect(code(#"{"t":\#(wrong)}"#) { _ = try $0.text("t") } == "invalid_t", "\(wrong)")
        }
        for wrong in ["7", "\"a\"", "{}", "[1]", "[\"a\",null]"] {
            #expect(code(#"{"l":\#(wrong)}"#) { _ = try $0.texts("l") } == "invalid_l", "\(wrong)")
        }
        for wrong in ["-1", "1.5", "9007199254740992", "\"\"", "\"x\"", "[]", "true"] {
            #expect(code(#"{"n":\#(wrong)}"#) { _ = try $0.id("n") } == "invalid_n", "\(wrong)")
        }
    }

    @Test func `query and body name user and project, one of them each`() throws {
        let empty = try body("{}")
        let request = try UserRequest(target: "/typing?user_id=a%7Cb&projectId=p1", body: empty)
        #expect(request.user == "a|b" && request.project.rawValue == "p1")
        #expect(try UserRequest(target: "/typing", body: body(#"{"user_id":"u","project_id":"p"}"#)).user == "u")
        #expect(try UserRequest(target: "/typing", body: empty).project == .default)
        for (target, text) in [
            ("/typing?user_id=u", #"{"user_id":"u"}"#), ("/typing?project_id=p", #"{"projectId":"p"}"#),
            ("/typing", #"{"project_id":"p","projectId":"p"}"#),
        ] {
            #expect(code(text) { _ = try UserRequest(target: target, body: $0) } == "repeated_parameter")
        }
        #expect(code(#"{"project_id":"a b"}"#) { _ = try UserRequest(target: "/", body: $0) } == "invalid_project_id")
        #expect(code(#"{"project_id":7}"#) { _ = try UserRequest(target: "/", body: $0) } == "invalid_project_id")
    }

    @Test func `percent escapes are bytes of UTF-8`() {
        #expect(String(percentEncoded: "auth0%7C5f%2Fx+y".utf8) == "auth0|5f/x+y")
        #expect(String(percentEncoded: "%C3%A9".utf8) == "é")
        for broken in ["%", "%4", "%zz", "%FF"] { #expect(String(percentEncoded: broken.utf8) == nil, "\(broken)") }
    }
}
