import NIOCore

/// Where the application is asked what a user may.
public struct ApplicationConfiguration: Sendable, Equatable {
    /// `nil` asks nobody: what credentials say is all that counts.
    public var endpoint: ApplicationEndpoint?
    /// Shows the application that it is the hub that asks.
    public var secret: BearerToken?
    /// From a question to the end of its answer. 2 s: nobody waits longer for a page.
    public var timeout = TimeAmount.seconds(2)
    /// How long a stream that is open stays so after its verdict's time while no answer comes. 60 s: an application restarts in
    /// less, and its users notice nothing.
    public var grace = TimeAmount.seconds(60)

    public init() {}
}
