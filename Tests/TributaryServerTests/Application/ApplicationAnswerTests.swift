import NIOCore
import Testing
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

@Suite struct ApplicationAnswerTests {
    private let catalog: Catalog
    private let question: ApplicationQuestion

    init() throws {
        catalog = try ApplicationFixtures.catalog()
        var demand = try ApplicationFixtures.demand()
        demand.channels = try ApplicationFixtures.channels("chat", "jobs")
        question = try ApplicationQuestion(demand, for: try ApplicationFixtures.anybody(), catalog: catalog)
    }

    private func answer(_ body: String, status: Int = 200) throws(ApplicationFailure) -> ApplicationAnswer {
        try ApplicationAnswer(
            ApplicationReply(status: status, body: ByteBuffer(string: body)), to: question, catalog: catalog,
            askedAt: .seconds(0)
        )
    }

    private func verdict(_ body: String) throws -> ApplicationVerdict? {
        if case .allowed(let verdict) = try answer(body) { verdict } else { nil }
    }

    @Test func `a plain yes is for all that was asked, for a minute`() throws {
        let expected = ApplicationVerdict(
            user: nil, channels: try ApplicationFixtures.channels("chat", "jobs"), userType: nil,
            lifetimeMilliseconds: 60_000, askedAt: .seconds(0)
        )
        #expect(try verdict(#"{"allow":true}"#) == expected)
        let nulls = #"{"allow":true,"channels":null,"ttl":null,"user_type":null,"user_id":null,"more":[1]}"#
        #expect(try verdict(nulls) == expected)
    }

    @Test func `it may say who the user is, what it is, and for how long`() throws {
        let verdict = try verdict(#"{"allow":true,"user_id":"auth0|5f","user_type":"member","ttl":300}"#)
        #expect(verdict?.user?.rawValue == "auth0|5f" && verdict?.userType == "member")
        #expect(verdict?.lifetimeMilliseconds == 300_000)
    }

    @Test(arguments: [
        ("0", 0), ("0.0", 0), ("0.2", 1), ("1", 1), ("1.9", 1), ("86400", 86_400), ("86401", 86_400), ("1e300", 86_400),
    ])
    func `seconds are kept within a day`(_ written: String, _ seconds: Int) throws {
        #expect(try verdict(#"{"allow":true,"ttl":\#(written)}"#)?.lifetimeMilliseconds == seconds * 1_000)
    }

    @Test(arguments: [
        (#"["chat"]"#, ["chat"]), (#"["job"]"#, ["jobs"]), (#"["all"]"#, ["chat", "jobs"]), ("[]", []),
        (#"["presence","nonsense"]"#, []), (#"["chat","presence","chat"]"#, ["chat"]),
    ])
    func `channels are those of the question that it names`(_ written: String, _ names: [String]) throws {
        let expected = try catalog.channels(named: names)
        #expect(try verdict(#"{"allow":true,"channels":\#(written)}"#)?.channels == expected)
    }

    @Test func `a no is a no, whatever stands beside it`() throws {
        #expect(try answer(#"{"allow":false}"#) == .refused)
        #expect(try answer(#"{"allow":false,"channels":["chat"],"ttl":"x"}"#) == .refused)
        for body in ["", "{}", #"{"allow":true}"#] {
            #expect(try answer(body, status: 403) == .refused && answer(body, status: 401) == .refused)
        }
    }

    @Test func `for a session, 401 says that it is unknown`() async throws {
        let question = try ApplicationQuestion(
            ApplicationFixtures.demand(), for: await ApplicationFixtures.session(), catalog: catalog)
        let reply = ApplicationReply(status: 401, body: ByteBuffer())
        #expect(
            try ApplicationAnswer(reply, to: question, catalog: catalog, askedAt: .seconds(0)) == .unknownSession)
    }

    @Test(arguments: [
        "", "{", "[]", "null", "true", "{}", #"{"allow":null}"#, #"{"allow":"true"}"#, #"{"allow":1}"#,
        #"{"allow":"yes"}"#, #"{"allow":{}}"#, #"{"allowed":true}"#, #"{"allow":true,"ttl":"60"}"#,
        #"{"allow":true,"ttl":-1}"#, #"{"allow":true,"ttl":true}"#, #"{"allow":true,"channels":"chat"}"#,
        #"{"allow":true,"channels":[1]}"#, #"{"allow":true,"channels":{}}"#, #"{"allow":true,"user_id":7}"#,
        #"{"allow":true,"user_id":""}"#, #"{"allow":true,"user_id":"a\nb"}"#, #"{"allow":true,"user_type":7}"#,
        #"{"allow":true,"user_type":""}"#, "{\"allow\":true,\"user_type\":\"\(String(repeating: "x", count: 65))\"}",
        #"{"allow":true} {}"#, "<html></html>", "{\"allow\":true,\"user_id\":\"\u{FF}",
    ])
    func `anything else is no answer`(_ body: String) {
        #expect(throws: ApplicationFailure.self) { try answer(body) }
        do { _ = try answer(body) } catch { #expect(!error.isOutage) }
    }

    @Test(arguments: [100, 301, 302, 307, 400, 404, 405, 418, 500, 501])
    func `a status that is none of the agreed ones is no answer`(_ status: Int) {
        #expect(throws: ApplicationFailure.misunderstood("status \(status)")) {
            try answer(#"{"allow":true}"#, status: status)
        }
    }

    @Test(arguments: [429, 502, 503, 504]) func `some say that the application is away`(_ status: Int) {
        #expect(throws: ApplicationFailure.overloaded(status: status)) { try answer("", status: status) }
        #expect(ApplicationFailure.overloaded(status: status).isOutage)
    }
}
