import NIOCore

extension TimeAmount {
    /// How long to wait after `failures` failed requests to the log: 100 ms to 3.2 s, because it is away and comes back.
    static func logRetry(after failures: Int) -> TimeAmount {
        .milliseconds(50 << Int64(min(failures, 6)))
    }
}
