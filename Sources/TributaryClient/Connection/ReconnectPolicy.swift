/// When a client comes back: exponential backoff with full jitter, within bounds that no server can move.
///
/// Full jitter because a hub that restarts has all its clients at once:
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
public struct ReconnectPolicy: Equatable, Sendable {
    /// The first attempt's longest delay. The stream's `retry:` takes its place.
    public var base: Duration
    /// The longest delay of the backoff, and the most that `retry:` can ask for.
    public var cap: Duration
    /// From the beginning of an attempt to the head of the answer.
    public var connectTimeout: Duration
    /// A stream that lived this long was a success: the attempts count from one again.
    public var steadyAfter: Duration
    /// The least that `retry:` can ask for: a `retry: 0` must not become a busy loop.
    public var shortestRetry: Duration
    /// The longest wait that `Retry-After` and `server_close` can ask for.
    public var longestWait: Duration

    public init(
        base: Duration = .seconds(1),
        cap: Duration = .seconds(30),
        connectTimeout: Duration = .seconds(5),
        steadyAfter: Duration = .seconds(10),
        shortestRetry: Duration = .milliseconds(100),
        longestWait: Duration = .seconds(3600)
    ) {
        self.base = base
        self.cap = cap
        self.connectTimeout = connectTimeout
        self.steadyAfter = steadyAfter
        self.shortestRetry = shortestRetry
        self.longestWait = longestWait
    }
}
