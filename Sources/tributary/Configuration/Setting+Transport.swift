import TributaryServer

extension Setting {
    static let transport: [Setting] = [
        .text(
            "tls-cert", \.transport.certificatePath, placeholder: "FILE", defaultText: "none: no TLS",
            help: """
                Certificate (PEM) for TLS on all ports, and behind it those that lead to its issuer. With it the hub speaks \
                HTTP/2 and HTTP/1.1, no plain HTTP. SIGHUP reads it and the key again.
                """,
            check: notEmpty
        ),
        .text(
            "tls-key", \.transport.keyPath, placeholder: "FILE", defaultText: "none",
            help: "The certificate's private key (PEM, without a passphrase).",
            check: notEmpty
        ),
        .text(
            "trusted-proxies", \.transport.trustedProxies, placeholder: "NETWORKS", defaultText: "none",
            help: """
                Whose X-Forwarded-For is believed, and who may connect with --proxy-protocol: addresses and networks with \
                commas in between, such as 127.0.0.1,10.0.0.0/8,fd00::/8.
                """,
            check: networks
        ),
        .flag(
            "proxy-protocol", \.transport.expectsProxyHeader,
            help: """
                Each connection to --port begins with the header of the PROXY protocol, version 1 or 2; others are closed. \
                Let nobody but the proxies reach the port, or name them with --trusted-proxies.
                """
        ),
        .optionalInteger(
            "admin-port", \.transport.adminPort, in: 0...65_535, placeholder: "PORT",
            defaultText: "none: they are on --port",
            help: """
                Port for what operators ask and for figures such as /stats, which --port then doesn't have; 0 takes any free one.
                """
        ),
        .text(
            "admin-hostname", \.transport.adminHostname, placeholder: "ADDRESS", defaultText: "that of --hostname",
            help: "Address of --admin-port. On one that other machines reach, figures are for operators too.",
            check: notEmpty
        ),
    ]

    /// Networks with commas in between.
    private static func networks(_ text: String) throws -> [IPNetwork] {
        do {
            return try text.split(separator: ",", omittingEmptySubsequences: false).map {
                try IPNetwork(String($0.drop { $0 == " " }))
            }
        } catch {
            throw Refused.because("\(error)")
        }
    }
}
