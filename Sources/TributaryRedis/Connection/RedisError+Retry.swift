public import TributaryProtocol

extension RedisError: RetryablePublishError {
    /// Redis could not be reached, or cannot take an event for the moment: it loads, fails over, has no hub's functions yet, or
    /// no room. Not what it refuses, such as a permission that is missing.
    public var isWorthRetry: Bool {
        switch self {
        case .closed, .replyTooLarge: false
        case .server(let code, _): isTemporary || ["READONLY", "MISCONF", "OOM"].contains(code)
        default: true
        }
    }
}
