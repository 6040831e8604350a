import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryCore

@Suite struct RecentRevocationsTests {
    private func owner(_ user: String, in project: String) throws -> StreamOwner {
        StreamOwner(user: try UserID(user), project: try ProjectID(project))
    }

    private func at(_ seconds: Int64) -> NIODeadline { NIODeadline.uptimeNanoseconds(0) + .seconds(seconds) }

    @Test func `who was judged before is meant, in the project or in all`() throws {
        var revocations = RecentRevocations()
        revocations.note(try UserID("ada"), in: try ProjectID("p1"), now: at(10))
        revocations.note(try UserID("bob"), in: nil, now: at(11))
        #expect(try revocations.include(owner("ada", in: "p1"), since: at(9)))
        #expect(try revocations.include(owner("ada", in: "p1"), since: at(10)))
        #expect(try !revocations.include(owner("ada", in: "p1"), since: at(11)))
        #expect(try !revocations.include(owner("ada", in: "p2"), since: at(9)))
        #expect(try revocations.include(owner("bob", in: "p2"), since: at(9)))
        #expect(try !revocations.include(owner("eve", in: "p1"), since: at(0)))
    }

    @Test func `they are forgotten when nobody can still be judging`() throws {
        var revocations = RecentRevocations()
        revocations.note(try UserID("ada"), in: nil, now: at(10))
        revocations.note(try UserID("bob"), in: nil, now: at(39))
        #expect(try revocations.include(owner("ada", in: "p1"), since: at(9)))
        revocations.note(try UserID("eve"), in: nil, now: at(41))
        #expect(try !revocations.include(owner("ada", in: "p1"), since: at(9)))
        #expect(try revocations.include(owner("bob", in: "p1"), since: at(9)))
    }

    @Test func `there is an end to how many are kept`() throws {
        var revocations = RecentRevocations()
        for number in 0...10_000 { revocations.note(try UserID("u\(number)"), in: nil, now: at(10)) }
        #expect(try !revocations.include(owner("u0", in: "p1"), since: at(9)))
        #expect(try revocations.include(owner("u1", in: "p1"), since: at(9)))
    }
}
