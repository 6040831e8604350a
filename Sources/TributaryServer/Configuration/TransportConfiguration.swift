/// What connections come in over: TLS, HTTP/2, proxies; and the operators' own port.
public struct TransportConfiguration: Sendable, Equatable {
    /// The file of the certificate and of those that lead to its issuer, PEM. With a certificate all ports speak TLS alone:
    /// HTTP/2 with clients that can, HTTP/1.1 with all others.
    public var certificatePath: String?
    /// The file of the certificate's private key, PEM.
    public var keyPath: String?
    /// Each connection to the main port begins with the header of the PROXY protocol; others are closed.
    public var expectsProxyHeader = false
    /// Who may say whose request or connection they bring.
    public var trustedProxies: [IPNetwork] = []
    /// The port of what operators ask and of what is inspected, which the main port then doesn't have; 0 takes a free one, `nil`
    /// is none.
    public var adminPort: Int?
    /// The address of that port; `nil` is the main one's.
    public var adminHostname: String?

    public init() {}
}
