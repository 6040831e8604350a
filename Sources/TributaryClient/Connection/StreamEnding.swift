import TributaryProtocol

/// How one connection ended.
enum StreamEnding: Sendable {
    /// It could not be made, broke, or made no sense: worth another attempt.
    case failed(TributaryClientError)
    /// An answer other than an event stream.
    case refused(HTTPRefusal)
    /// 204.
    case noContent
    /// `server_close`.
    case serverClosed(reason: ServerClose.Reason, reconnect: Bool, after: Duration?)
    /// Our own doing: the next request names other channels.
    case channelsChanged
    /// Our own doing: the program called `close()`.
    case closing
}
