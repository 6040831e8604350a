import NIOCore
import Testing
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

/// How long a stream stays open on the application's word.
@Suite struct ApplicationLeaseTests {
    private let clock = TestClock()
    private let application = ScriptedApplication()
    private let authorizer: HTTPApplicationAuthorizer
    private let chat: ChannelSet

    init() throws {
        chat = try ApplicationFixtures.channels("chat")
        authorizer = HTTPApplicationAuthorizer(
            catalog: try ApplicationFixtures.catalog(), grace: .seconds(60), logger: ApplicationFixtures.silent,
            now: clock.now, ask: application.ask
        )
    }

    /// The review of a stream that is opened now.
    private func open(_ caller: Caller? = nil, user: String = "ada") async throws -> StreamLease.Review {
        let caller = try caller ?? ApplicationFixtures.anybody()
        let demand = try ApplicationFixtures.demand(user: user)
        let verdict = try await authorizer.decide(demand, for: caller)
        return try #require(authorizer.lease(verdict, demand, for: caller).review)
    }

    /// In how many seconds a review is due, within a tenth.
    private func isDue(_ review: StreamLease.Review, in seconds: Double) -> Bool {
        let left = Double(review.at.milliseconds) - Double(Instant.now.milliseconds)
        // What the test itself takes counts against it.
        return left <= seconds * 1_000 + 1 && left > seconds * 1_000 - 30_000
    }

    @Test func `a review is due when the verdict's time is over, also where the verdict is an older one`() async throws
    {
        application.reply = .success(.json(#"{"allow":true,"ttl":300}"#))
        #expect(isDue(try await open(), in: 300))
        clock.turn(toSecond: 200)
        #expect(isDue(try await open(), in: 100) && application.asked == 1)
    }

    @Test func `an application that wants to be asked each time is asked every five seconds`() async throws {
        application.reply = .success(.json(#"{"allow":true,"ttl":0}"#))
        #expect(isDue(try await open(), in: 5))
    }

    @Test func `a yes gives the stream another while, with the channels that are left`() async throws {
        let review = try await open()
        clock.turn(toSecond: 60)
        application.reply = .success(.json(#"{"allow":true,"channels":["chat"],"ttl":300}"#))
        let jobs = try ApplicationFixtures.channels("jobs")
        guard case .granted(let lease, let channels) = await review.ask(chat.union(jobs)) else {
            return #expect(Bool(false))
        }
        #expect(try channels == chat && isDue(#require(lease.review), in: 300))
        #expect(application.bodies.last?.contains(#""channels":["chat","jobs"]"#) == true)
    }

    @Test func `a no ends it, and an unknown session lets it come back`() async throws {
        let review = try await open()
        application.reply = .success(.json(#"{"allow":true,"user_id":"ada"}"#))
        let session = try await open(ApplicationFixtures.session())
        application.reply = .success(.json(#"{"allow":false}"#))
        guard case .revoked = await review.ask(chat) else { return #expect(Bool(false)) }
        application.reply = .success(ApplicationReply(status: 401, body: ByteBuffer()))
        guard case .expired = await session.ask(chat) else { return #expect(Bool(false)) }
    }

    @Test func `a session that has become somebody else's ends`() async throws {
        application.reply = .success(.json(#"{"allow":true,"user_id":"ada"}"#))
        let review = try await open(ApplicationFixtures.session())
        clock.turn(toSecond: 60)
        application.reply = .success(.json(#"{"allow":true,"user_id":"bob"}"#))
        guard case .revoked = await review.ask(chat) else { return #expect(Bool(false)) }
    }

    @Test func `many streams of one user are reviewed with one question`() async throws {
        let reviews = [try await open(), try await open(), try await open()]
        clock.turn(toSecond: 55)
        for review in reviews {
            guard case .granted = await review.ask(chat) else { return #expect(Bool(false)) }
        }
        #expect(application.asked == 2)
        authorizer.forget(try UserID("ada"), in: nil)
        application.reply = .success(.json(#"{"allow":false}"#))
        guard case .revoked = await reviews[0].ask(chat) else { return #expect(Bool(false)) }
        #expect(application.asked == 3)
    }

    @Test func `without an answer a stream goes on for a minute, then it has to come back`() async throws {
        var review = try await open()
        application.reply = .failure(.timedOut)
        var second = 60.0
        for pause in [1.0, 2, 4, 8, 10, 10, 10, 10] {
            clock.turn(toSecond: second)
            guard case .granted(let lease, chat) = await review.ask(chat) else {
                return #expect(Bool(false), "at \(second) s")
            }
            review = try #require(lease.review)
            #expect(isDue(review, in: pause))
            second += pause
        }
        clock.turn(toSecond: 119)
        guard case .granted(let last, chat) = await review.ask(chat) else { return #expect(Bool(false)) }
        clock.turn(toSecond: 120)
        guard case .expired = await last.review?.ask(chat) else { return #expect(Bool(false)) }
    }

    @Test func `an application that comes back within the minute finds its streams`() async throws {
        let review = try await open()
        application.reply = .failure(.unreachable("refused"))
        clock.turn(toSecond: 60)
        guard case .granted(let lease, _) = await review.ask(chat) else { return #expect(Bool(false)) }
        application.reply = .success(.json(#"{"allow":true,"ttl":300}"#))
        clock.turn(toSecond: 61)
        guard case .granted(let renewed, _) = await lease.review?.ask(chat) else { return #expect(Bool(false)) }
        #expect(isDue(try #require(renewed.review), in: 300))
    }

    @Test func `a stream ends with its credential whatever the application says`() async throws {
        var caller = try ApplicationFixtures.anybody()
        var identity = caller.identity
        identity.expiresAt = Instant(milliseconds: 7)
        caller = Caller(access: caller.access, identity: identity, credentials: caller.credentials)
        let lease = authorizer.lease(try ApplicationFixtures.verdict(), try ApplicationFixtures.demand(), for: caller)
        #expect(lease.expiresAt?.milliseconds == 7)
    }
}
