import NIOCore

/// What one HTTP connection may take, in bytes and time.
public struct HTTPLimits: Sendable, Equatable {
    /// Target, header names and values of one request: 16 KiB.
    public var headBytes = 16 << 10
    /// The body of one request: 1 MiB.
    public var bodyBytes = 1 << 20
    /// What all connections together may hold of bodies that are not answered yet. 64 MiB: 64 of the largest.
    public var heldBodyBytes = 64 << 20
    /// Of an HTTP/2 connection, at a time. 128: more tabs than anybody has, and what common servers allow.
    public var streamsPerConnection = 128
    /// From the connection's start, or a request's first bytes, to the end of the head; as much for a TLS handshake and for the
    /// header of a proxy: 10 s.
    public var headTimeout = TimeAmount.seconds(10)
    /// From the end of the head to the end of the body, and for an answer over HTTP/2 to be read. 60 s: 1 MiB at 18 kB/s.
    public var bodyTimeout = TimeAmount.seconds(60)
    /// Between two requests. 75 s: above the 60 s for which common proxies keep theirs open, so that they close first.
    public var idleTimeout = TimeAmount.seconds(75)
    /// How long a shutdown waits for requests that have begun: 5 s.
    public var shutdownTimeout = TimeAmount.seconds(5)
    /// How long a connection that the server ends may still talk, so that its last answer is read before a reset: 2 s.
    public var lingerTimeout = TimeAmount.seconds(2)
    /// An answer that nobody reads is given up after the kernel's time-out for unacknowledged data.
    /// 33 s: above the 30 s after which a slow stream is closed, and within a minute even behind a heartbeat of 25 s.
    public var userTimeout = TimeAmount.seconds(33)

    public init() {}
}
