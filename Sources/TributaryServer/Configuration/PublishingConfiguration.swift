/// Who publishes over HTTP, and how fast.
public struct PublishingConfiguration: Sendable, Equatable {
    /// What services show that publish for everybody; `nil` is no such services.
    public var token: BearerToken?
    /// The one before, while services change over.
    public var previousToken: BearerToken?
    /// Events per second with one user's credential on this node; 0 is no limit, and publishers and operators have none.
    /// 50: more than a person does, less than harms others; a burst may be twice that.
    public var ratePerUser = 50
    /// Events per second from one address on this node, but for loopback; 0 is no limit. 500: an office, not a flood.
    public var ratePerAddress = 500
    /// Events per second in one project over this node; 0 is no limit: its services may have much to say.
    public var ratePerProject = 0

    /// Those that hold.
    public var tokens: [BearerToken] { [token, previousToken].compactMap { $0 } }

    public init() {}

    /// - Throws: ``ListenError/contradiction(_:)`` for what would not do what it seems to.
    func validate() throws(ListenError) {
        guard previousToken == nil || token != nil else {
            throw .contradiction("--publisher-previous-token stands beside --publisher-token; give that, too")
        }
    }
}
