/// An error of a ``PublishTransport`` that can say whether the same event may go through later. Whatever does not conform is
/// final.
public protocol RetryablePublishError: Error {
    /// Nobody said no: the hub or Redis could not be reached, or cannot take the event for the moment. Whether it was
    /// published all the same may be unknown, so that who tries again names a `clientMessageID`.
    var isWorthRetry: Bool { get }

    /// What the other side asked to wait, if it did.
    var retryAfter: Duration? { get }
}

extension RetryablePublishError {
    public var retryAfter: Duration? { nil }
}
