/// What pages of other origins may do.
public struct BrowserConfiguration: Sendable, Equatable {
    /// The origins whose pages may read answers (CORS), and may use what a browser sends by itself, such as a cookie.
    /// Empty: only pages of the hub's own origin.
    public var origins: [WebOrigin] = []

    public init() {}
}
