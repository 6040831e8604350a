import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryServer

@Suite struct AuthorizationCacheTests {
    private var cache = AuthorizationCache(limit: 100)

    private func allowed(_ seconds: Int, user: String? = nil) throws -> ApplicationAnswer {
        .allowed(try ApplicationFixtures.verdict(seconds: seconds, user: user))
    }

    private mutating func keep(_ answer: ApplicationAnswer, _ user: String, at seconds: Double = 0) throws {
        cache.keep(
            answer, for: try ApplicationFixtures.key(user), askedAt: .seconds(seconds), now: .seconds(seconds))
    }

    private func answer(_ user: String, at seconds: Double, askedAfter: Double? = nil) throws -> ApplicationAnswer? {
        cache.answer(
            to: try ApplicationFixtures.key(user), askedAfter: askedAfter.map { .seconds($0) }, now: .seconds(seconds))
    }

    @Test mutating func `a yes holds for its time, a no for five seconds, an unknown session for one`() throws {
        for (answer, seconds) in [(try allowed(60), 60.0), (.refused, 5), (.unknownSession, 1)] {
            try keep(answer, "ada")
            #expect(try self.answer("ada", at: seconds - 0.001) == answer)
            #expect(try self.answer("ada", at: seconds) == nil)
            #expect(try self.answer("bob", at: 0) == nil)
        }
    }

    @Test mutating func `an answer for this one time is not kept, and takes the place of an older one`() throws {
        try keep(try allowed(60), "ada")
        try keep(try allowed(0), "ada", at: 1)
        #expect(try answer("ada", at: 1) == nil && cache.count == 0)
    }

    @Test mutating func `its time runs from the question`() throws {
        cache.keep(
            try allowed(2), for: try ApplicationFixtures.key("ada"), askedAt: .seconds(0), now: .seconds(1.9))
        #expect(try answer("ada", at: 1.95) != nil && answer("ada", at: 2) == nil)
        cache.keep(try allowed(2), for: try ApplicationFixtures.key("bob"), askedAt: .seconds(0), now: .seconds(2))
        #expect(try answer("bob", at: 2) == nil)
    }

    @Test mutating func `whoever needs a newer answer than its own does not get the same again`() throws {
        try keep(try allowed(60), "ada", at: 10)
        #expect(try answer("ada", at: 20, askedAfter: 9) != nil && answer("ada", at: 20, askedAfter: 10) == nil)
    }

    @Test mutating func `a user is forgotten by its name and by what its session was told`() throws {
        try keep(try allowed(60), "ada")
        try keep(.refused, "bob")
        try keep(try allowed(60, user: "ada"), "some session")
        cache.forget(try UserID("ada"), in: try ProjectID("p2"))
        #expect(try answer("ada", at: 1) != nil && answer("some session", at: 1) != nil)
        cache.forget(try UserID("ada"), in: try ProjectID("p1"))
        #expect(try answer("ada", at: 1) == nil && answer("some session", at: 1) == nil && answer("bob", at: 1) != nil)
    }

    @Test mutating func `it is bounded: what is over goes first, then what would be over first`() throws {
        for number in 0..<50 { try keep(try allowed(1), "short\(number)") }
        for number in 0..<50 { try keep(try allowed(100 + number), "long\(number)") }
        try keep(try allowed(60), "new", at: 2)
        #expect(try cache.count == 51 && answer("long0", at: 2) != nil)
        for number in 0..<1_000 { try keep(try allowed(1_000), "flood\(number)", at: 3) }
        #expect(try cache.count <= 100 && answer("long0", at: 3) == nil && answer("flood999", at: 3) != nil)
    }
}
