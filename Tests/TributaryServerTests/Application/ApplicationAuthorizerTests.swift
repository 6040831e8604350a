import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// The authorizer with an application that is a function.
@Suite struct ApplicationAuthorizerTests {
    private let clock = TestClock()
    private let application = ScriptedApplication()
    private let authorizer: HTTPApplicationAuthorizer

    init() throws {
        authorizer = HTTPApplicationAuthorizer(
            catalog: try ApplicationFixtures.catalog(), grace: .seconds(60), logger: ApplicationFixtures.silent,
            now: clock.now, ask: application.ask
        )
    }

    private func decide(_ demand: Demand? = nil, _ caller: Caller? = nil) async throws -> ApplicationVerdict {
        try await authorizer.decide(
            demand ?? ApplicationFixtures.demand(), for: caller ?? ApplicationFixtures.anybody())
    }

    private func refusal(_ demand: Demand? = nil, _ caller: Caller? = nil) async -> Problem? {
        do {
            _ = try await decide(demand, caller)
            return nil
        } catch {
            return error as? Problem
        }
    }

    @Test func `a yes is asked for once in its time`() async throws {
        application.reply = .success(.json(#"{"allow":true,"ttl":10,"user_type":"member"}"#))
        for second in [0.0, 5, 9.9] {
            clock.turn(toSecond: second)
            #expect(try await decide().userType == "member")
        }
        #expect(application.asked == 1)
        clock.turn(toSecond: 10)
        _ = try await decide()
        #expect(application.asked == 2)
    }

    @Test func `with a ttl of zero each is asked for`() async throws {
        application.reply = .success(.json(#"{"allow":true,"ttl":0}"#))
        for _ in 0..<3 { _ = try await decide() }
        #expect(application.asked == 3)
    }

    @Test func `a no is 403 and names the project; an unknown session is 401`() async throws {
        application.reply = .success(.json(#"{"allow":false}"#))
        #expect(await refusal() == .projectForbidden(try ProjectID("p1")))
        #expect(await refusal() != nil && application.asked == 1)
        application.reply = .success(ApplicationReply(status: 401, body: ByteBuffer()))
        let session = try await ApplicationFixtures.session("sid=2")
        #expect(await refusal(nil, session)?.code == "unauthorized")
        #expect(await refusal(try ApplicationFixtures.demand(user: "bob"))?.code == "project_forbidden")
    }

    @Test(arguments: [
        ApplicationFailure.timedOut, .unreachable("refused"), .misunderstood("?"), .overloaded(status: 503),
    ])
    func `no answer is 503, and nobody gets in`(_ failure: ApplicationFailure) async throws {
        application.reply = .failure(failure)
        let problem = await refusal()
        #expect(problem?.status == .serviceUnavailable && problem?.code == "authorization_unavailable")
        #expect(problem?.fields[.retryAfter].flatMap { Int($0) }.map { (1...3).contains($0) } == true)
    }

    @Test func `while the application is away, who comes is refused at once and who is known is not`() async throws {
        application.reply = .success(.json(#"{"allow":true}"#))
        _ = try await decide()
        application.reply = .failure(.timedOut)
        for number in 0..<20 { #expect(await refusal(try ApplicationFixtures.demand(user: "u\(number)")) != nil) }
        #expect(application.asked == 1 + CircuitBreaker.threshold)
        _ = try await decide()
        application.reply = .success(.json(#"{"allow":true}"#))
        clock.turn(toSecond: 1)
        #expect(await refusal(try ApplicationFixtures.demand(user: "u0")) == nil)
        #expect(await refusal(try ApplicationFixtures.demand(user: "u1")) == nil)
    }

    @Test func `a thousand streams of one user that come together ask once`() async throws {
        application.hold()
        try await withThrowingTaskGroup(of: ApplicationVerdict.self) { group in
            for _ in 0..<1_000 { group.addTask { try await decide() } }
            try await application.until(asked: 1)
            application.release()
            for try await verdict in group { #expect(verdict.channels == (try ApplicationFixtures.channels("chat"))) }
        }
        #expect(application.asked == 1)
    }

    @Test func `where who asks goes away, another one asks`() async throws {
        application.hold()
        let first = Task { try await decide() }
        try await application.until(asked: 1)
        let second = Task { try await decide() }
        // The second waits for the first one's answer, or comes after it; either way it gets one.
        first.cancel()
        application.abandon()
        try await application.until(asked: 2)
        application.release()
        _ = try await second.value
        await #expect(throws: Problem.self) { try await first.value }
    }

    @Test func `a user that is sent away is asked for again, also where an answer is on its way`() async throws {
        _ = try await decide()
        authorizer.forget(try UserID("ada"), in: nil)
        application.hold()
        let coming = Task { try await decide() }
        try await application.until(asked: 2)
        authorizer.forget(try UserID("ada"), in: nil)
        application.release()
        application.reply = .success(.json(#"{"allow":false}"#))
        _ = try? await coming.value
        #expect(application.asked == 3)
    }

    @Test func `a session's answer has to name its user`() async throws {
        let session = try await ApplicationFixtures.session()
        application.reply = .success(.json(#"{"allow":true,"user_id":"ada"}"#))
        #expect(try await decide(nil, session).user?.rawValue == "ada")
        let verdict = try await decide(nil, session)
        #expect(try session.user(verdict, named: nil)?.0.rawValue == "ada")
        #expect(throws: Problem.self) { try session.user(ApplicationFixtures.verdict(), named: nil) }
    }
}

/// An application that is a function; it can be made to wait.
final class ScriptedApplication: Sendable {
    private typealias Waiter = CheckedContinuation<Result<ApplicationReply, ApplicationFailure>?, Never>

    private struct State {
        var reply = Result<ApplicationReply, ApplicationFailure>.success(.json(#"{"allow":true}"#))
        var asked = 0
        var isHolding = false
        var held: [Waiter] = []
        var bodies: [String] = []
    }

    private let state = NIOLockedValueBox(State())

    /// What it answers to everything.
    var reply: Result<ApplicationReply, ApplicationFailure> {
        get { state.withLockedValue { $0.reply } }
        set { state.withLockedValue { $0.reply = newValue } }
    }

    var asked: Int { state.withLockedValue { $0.asked } }
    var bodies: [String] { state.withLockedValue { $0.bodies } }

    var ask: HTTPApplicationAuthorizer.Ask {
        { question in
            let held: Result<ApplicationReply, ApplicationFailure>? = await withCheckedContinuation { continuation in
                let goesOn = self.state.withLockedValue { state in
                    state.asked += 1
                    state.bodies.append(String(buffer: question.body))
                    if state.isHolding { state.held.append(continuation) }
                    return !state.isHolding
                }
                if goesOn { continuation.resume(returning: nil) }
            }
            return held ?? self.reply
        }
    }

    /// From now on questions wait.
    func hold() { state.withLockedValue { $0.isHolding = true } }

    /// Answers what waits, and everything from now on.
    func release() { resume(with: nil, goesOn: true) }

    /// What waits comes to nothing.
    func abandon() { resume(with: .failure(.abandoned), goesOn: false) }

    private func resume(with result: Result<ApplicationReply, ApplicationFailure>?, goesOn: Bool) {
        let held = state.withLockedValue { state in
            if goesOn { state.isHolding = false }
            defer { state.held = [] }
            return state.held
        }
        for waiter in held { waiter.resume(returning: result) }
    }

    func until(asked count: Int) async throws {
        try await eventually("\(count) questions are asked") { asked >= count }
    }
}

extension ApplicationReply {
    static func json(_ text: String) -> ApplicationReply {
        ApplicationReply(status: 200, body: ByteBuffer(string: text))
    }
}
