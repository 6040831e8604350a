/// How long a stream may stay open without another look at who reads it.
public struct StreamLease: Sendable {
    /// What somebody who was asked again said.
    public enum Renewal: Sendable {
        /// The stream goes on under this lease, with no more than these channels.
        case granted(StreamLease, ChannelSet)
        /// The user may not read any more.
        case revoked
        /// The credential has ended, or nobody could be asked for too long: the stream ends with `auth_expired`, and its client
        /// may come back.
        case expired
    }

    /// Asks again.
    public struct Review: Sendable {
        /// When it is due.
        public var at: Instant
        /// Is told what the stream reads. Answers always, also where nobody can be asked.
        public var ask: @Sendable (ChannelSet) async -> Renewal

        public init(at: Instant, ask: @escaping @Sendable (ChannelSet) async -> Renewal) {
            self.at = at
            self.ask = ask
        }
    }

    /// When the credential ends; then the stream does, with `auth_expired`.
    public var expiresAt: Instant?
    public var review: Review?

    public init(expiresAt: Instant? = nil, review: Review? = nil) {
        self.expiresAt = expiresAt
        self.review = review
    }
}
