import Logging
import NIOConcurrencyHelpers
import NIOCore
import TributaryCore
import TributaryProtocol

/// Asks the application over HTTP (`--authorize-url`), each question once for as long as its answer holds, and not at all for a
/// moment after it failed several times: who comes then is refused at once. From any task.
struct HTTPApplicationAuthorizer: ApplicationAuthorizer {
    /// Sends a question and keeps its time.
    typealias Ask = @Sendable (ApplicationQuestion) async -> Result<ApplicationReply, ApplicationFailure>

    let catalog: Catalog
    /// How long a stream goes on without an answer after its verdict's time.
    let grace: TimeAmount
    let now: @Sendable () -> NIODeadline
    private let ask: Ask
    private let log: ApplicationLog
    private let desk = NIOLockedValueBox(AuthorizationDesk<CheckedContinuation<AuthorizationTurn, Never>>())

    /// 3: more than one user is not sent away while a question is on its way but by an operator who means to.
    private static let maximumRounds = 3

    init(
        catalog: Catalog, grace: TimeAmount, logger: Logger, now: @escaping @Sendable () -> NIODeadline = { .now() },
        ask: @escaping Ask
    ) {
        self.catalog = catalog
        self.grace = grace
        self.now = now
        self.ask = ask
        log = ApplicationLog(logger: logger)
    }

    /// - Returns: `nil` where the operator named no application.
    init?(_ configuration: ApplicationConfiguration, catalog: Catalog, logger: Logger) {
        guard let endpoint = configuration.endpoint else { return nil }
        let client = ApplicationClient(
            endpoint: endpoint, secret: configuration.secret, timeout: configuration.timeout
        )
        var logger = logger
        logger[metadataKey: "application"] = "\(endpoint)"
        self.init(catalog: catalog, grace: configuration.grace, logger: logger) { await client.ask($0) }
    }

    func decide(_ demand: Demand, for caller: Caller) async throws(Problem) -> ApplicationVerdict {
        let question = try ApplicationQuestion(demand, for: caller, catalog: catalog)
        switch await answer(to: question) {
        case .success(.allowed(let verdict)): return verdict
        case .success(.refused): throw .projectForbidden(demand.project)
        case .success(.unknownSession): throw .unauthorized(false)
        case .failure(let failure): throw .authorizationUnavailable(failure)
        }
    }

    func forget(_ user: UserID, in project: ProjectID?) {
        desk.withLockedValue { $0.forget(user, in: project) }
    }

    /// - Parameter moment: only an answer to what was asked after it counts.
    func answer(
        to question: ApplicationQuestion, askedAfter moment: NIODeadline? = nil
    ) async -> Result<ApplicationAnswer, ApplicationFailure> {
        var rounds = 0
        while rounds < Self.maximumRounds, !Task.isCancelled {
            switch await turn(question.key, moment) {
            case .done(let result): return result
            case .again: rounds += 1
            case .ask(let flight):
                let landing = await land(flight, await ask(question), of: question)
                if case .done(let result) = landing { return result }
                rounds += 1
            }
        }
        return .failure(.abandoned)
    }

    private func turn(_ key: AuthorizationKey, _ moment: NIODeadline?) async -> AuthorizationTurn {
        await withCheckedContinuation { continuation in
            let now = now()
            let turn = desk.withLockedValue { $0.come(continuation, key, askedAfter: moment, now: now) }
            if let turn { continuation.resume(returning: turn) }
        }
    }

    private func land(
        _ flight: AuthorizationTurn.Flight, _ reply: Result<ApplicationReply, ApplicationFailure>,
        of question: ApplicationQuestion
    ) async -> AuthorizationTurn {
        let result = reply.flatMap { reply in
            Result { () throws(ApplicationFailure) in
                try ApplicationAnswer(reply, to: question, catalog: catalog, askedAt: flight.askedAt)
            }
        }
        let now = now()
        let landing = desk.withLockedValue { $0.land(flight, result, now: now) }
        if case .failure(let failure) = result { log.failed(failure) }
        if let change = landing.change { log.changed(change) }
        for waiter in landing.waiters { waiter.resume(returning: landing.turn) }
        return landing.turn
    }
}
