/// How a proxy that the hub trusts signs who sends a request.
public struct SignatureConfiguration: Sendable, Equatable {
    /// The header fields of a signed request.
    public enum Header: String, Sendable, CaseIterable {
        case signature, timestamp, user
    }

    /// What the proxy signs with; `nil` where none does.
    public var secret: SignatureSecret?
    /// The one before, while proxies change over.
    public var previousSecret: SignatureSecret?
    /// Takes the older form, in which the HMAC covers the timestamp and the body alone: **whoever sees one such request can send
    /// another in any user's name, to any path, for 300 seconds**. Only where nothing but the proxy reaches the hub.
    public var isCompatible = false
    /// Other names for the older form's fields; the usual ones for those that are not given.
    public var headers: [Header: HeaderName] = [:]

    public init() {}

    /// - Throws: ``ListenError/contradiction(_:)`` for what would not do what it seems to.
    func validate(_ methods: [ServerConfiguration.Authentication]?) throws(ListenError) {
        let isUsed = methods?.contains(.signature) ?? false
        if isUsed, secret == nil { throw .contradiction("--auth signature needs --signature-secret") }
        if !isUsed, secret != nil || previousSecret != nil || isCompatible || !headers.isEmpty {
            throw .contradiction("the settings of signatures count only with --auth signature")
        }
        if !headers.isEmpty, !isCompatible {
            throw .contradiction("the headers' names can be chosen only with --signature-compatibility")
        }
        let names = Header.allCases.map { $0.name(in: self) }
        guard Set(names).count == names.count else {
            throw .contradiction("signature, timestamp and user need a header of their own each")
        }
    }
}
