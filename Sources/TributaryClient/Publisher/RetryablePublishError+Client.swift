import AsyncHTTPClient
import TributaryProtocol

extension HTTPRefusal: RetryablePublishError {
    public var isWorthRetry: Bool { isTemporary }
}

extension TributaryClientError: RetryablePublishError {
    /// Whatever kept the request from the hub or the answer from here.
    public var isWorthRetry: Bool {
        switch self {
        case .connectionFailed(let cause): (cause as? HTTPClientError) != .alreadyShutdown
        case .connectTimedOut, .tokenUnavailable: true
        default: false
        }
    }
}
