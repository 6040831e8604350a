import NIOCore
import TributaryCore
import TributaryProtocol

/// Open streams: each is asked about again when its verdict's time is over.
extension HTTPApplicationAuthorizer {
    /// 5 s: an application that wants to be asked each time is asked that often about a stream.
    static let shortestReview = TimeAmount.seconds(5)
    /// 1 s, then twice as long each time, up to 10 s, as the circuit breaker has it: how soon it is asked again after no answer.
    static let retries = (first: TimeAmount.seconds(1), longest: TimeAmount.seconds(10))

    func lease(_ verdict: ApplicationVerdict, _ demand: Demand, for caller: Caller) -> StreamLease {
        let holding = HeldVerdict(verdict, demand, caller)
        return lease(holding, at: holding.endsAt)
    }

    private func lease(_ held: HeldVerdict, at moment: NIODeadline, failures: Int = 0) -> StreamLease {
        let review = StreamLease.Review(at: Instant(moment, now: now())) { channels in
            await self.review(held, channels: channels, failures: failures)
        }
        return StreamLease(expiresAt: held.caller.identity.expiresAt, review: review)
    }

    private func review(_ held: HeldVerdict, channels: ChannelSet, failures: Int) async -> StreamLease.Renewal {
        var demand = held.demand
        demand.channels = channels
        demand.takesWhatItMay = true
        guard let question = try? ApplicationQuestion(demand, for: held.caller, catalog: catalog) else {
            return .revoked
        }
        // What another stream of the user's was told since then will do.
        switch await answer(to: question, askedAfter: held.verdict.askedAt) {
        case .success(.allowed(let verdict)):
            guard verdict.user == held.verdict.user || question.session == nil else { return .revoked }
            return .granted(lease(verdict, demand, for: held.caller), channels.intersection(verdict.channels))
        case .success(.refused): return .revoked
        // It has signed out, or its time is over: it may sign in again.
        case .success(.unknownSession): return .expired
        case .failure:
            return unanswered(held, channels, failures)
        }
    }

    /// A restart of the application must not throw out all streams at once, and without it nobody can come in anew: they go on for
    /// a while.
    private func unanswered(_ held: HeldVerdict, _ channels: ChannelSet, _ failures: Int) -> StreamLease.Renewal {
        let now = now()
        let left = held.endsAt + grace - now
        guard left > .zero else { return .expired }
        let pause = min(Self.retries.first * (1 << min(failures, 4)), Self.retries.longest)
        // Not below the first pause, so that what is left isn't spent on asking.
        let next = now + max(min(pause, left), Self.retries.first)
        return .granted(lease(held, at: next, failures: failures + 1), channels)
    }
}

/// What a stream was opened on.
private struct HeldVerdict: Sendable {
    let verdict: ApplicationVerdict
    let demand: Demand
    let caller: Caller
    let endsAt: NIODeadline

    init(_ verdict: ApplicationVerdict, _ demand: Demand, _ caller: Caller) {
        self.verdict = verdict
        self.demand = demand
        self.caller = caller
        let lifetime = TimeAmount.milliseconds(Int64(verdict.lifetimeMilliseconds))
        endsAt = verdict.askedAt + (lifetime == .zero ? HTTPApplicationAuthorizer.shortestReview : lifetime)
    }
}

extension Instant {
    /// The same moment on the clock on the wall.
    fileprivate init(_ moment: NIODeadline, now: NIODeadline) {
        let milliseconds = max(0, (moment - now).nanoseconds / 1_000_000)
        self.init(milliseconds: Instant.now.milliseconds + UInt64(milliseconds))
    }
}
