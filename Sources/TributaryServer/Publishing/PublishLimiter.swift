import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore
import TributaryCore
import TributaryProtocol

/// Refuses what comes too fast, from any task; its lock owns the rates.
final class PublishLimiter: Sendable {
    private let rates: NIOLockedValueBox<PublishRates>

    init(_ configuration: PublishingConfiguration) {
        rates = NIOLockedValueBox(PublishRates(configuration))
    }

    /// One event more of a caller.
    ///
    /// - Throws: `publish_rate_exceeded`.
    func admit(_ caller: Caller) throws(Problem) {
        let address = caller.credentials.peer
        let isLocal = AdmissionLimits.isLoopback(address)
        try check { $0.take(user: caller.limitedCredential, address: isLocal ? nil : address, now: $1) }
    }

    /// One event more in a project.
    ///
    /// - Throws: `publish_rate_exceeded`.
    func admit(_ project: ProjectID) throws(Problem) {
        try check { $0.take(project: project, now: $1) }
    }

    private func check(_ take: (inout PublishRates, UInt64) -> PublishRates.Refusal?) throws(Problem) {
        let now = NIODeadline.now().uptimeNanoseconds / 1_000
        if let refusal = rates.withLockedValue({ take(&$0, now) }) { throw Problem(refusal) }
    }
}

extension Caller {
    /// What its events are counted under; `nil` for those who publish for everybody, and where nobody is asked who they are.
    fileprivate var limitedCredential: String? {
        switch identity.kind {
        case .user, .session: identity.isOperator ? nil : identity.credential
        case .anybody, .publisher, .operator: nil
        }
    }
}

extension Problem {
    fileprivate init(_ refusal: PublishRates.Refusal) {
        let (who, option) =
            switch refusal.limit {
            case .user: ("You publish", "user")
            case .address: ("Your address publishes", "address")
            case .project: ("The project's users publish", "project")
            }
        self = Problem(
            .tooManyRequests, "publish_rate_exceeded",
            "\(who) too fast. Wait as long as Retry-After says; the operator sets --publish-rate-per-\(option).",
            details: [
                Detail(name: "limit", value: refusal.limit.rawValue),
                Detail(name: "retry_after_ms", value: refusal.retryMilliseconds),
            ]
        ).retry(afterSeconds: max(1, (refusal.retryMilliseconds + 999) / 1_000))
    }
}
