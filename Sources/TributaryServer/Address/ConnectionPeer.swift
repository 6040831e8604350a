import NIOHTTP1

/// Who is at the other end of a connection: what the socket says, or the header of the PROXY protocol in its place.
struct ConnectionPeer: Sendable {
    /// `nil` where there is none.
    let address: IPAddress?
    /// Whose `X-Forwarded-For` is believed.
    let trustedProxies: [IPNetwork]
    /// The connection is one of TLS that the hub itself ends.
    var isSecure = false

    /// Who sent a request on the connection.
    ///
    /// `X-Forwarded-For` is believed only where a trusted proxy sent it. Each proxy appends whom it heard, so it is read from
    /// the right: the first that is no trusted proxy is the client, and what stands before that is the client's own word.
    /// Everybody else's is passed over; but that there is one shows that the request came through a proxy, so that it is not
    /// taken for one of this machine's own.
    func client(_ headers: HTTPHeaders) -> ClientAddress {
        guard let address else { return .unknown }
        let forwarded = headers["x-forwarded-for"]
        guard !forwarded.isEmpty, trustedProxies.contains(address) else {
            let isForwarded = !forwarded.isEmpty || headers.contains(name: "forwarded")
            return ClientAddress(address, isLocal: address.isLoopback && !isForwarded)
        }
        var client = address
        for hop in forwarded.joined(separator: ",").split(separator: ",").reversed() {
            // The proxy heard somebody that it does not name: the proxy is all that is known.
            guard let heard = IPAddress(forwarded: hop) else { return ClientAddress(client, isLocal: false) }
            client = heard
            guard trustedProxies.contains(heard) else { break }
        }
        return ClientAddress(client, isLocal: client.isLoopback && !headers.contains(name: "forwarded"))
    }
}

extension IPAddress {
    /// As proxies write it: an address, also with a port, `192.0.2.1:49152` or `[2001:db8::1]:49152`.
    fileprivate init?(forwarded text: Substring) {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        if text.first == "[", let end = text.firstIndex(of: "]") {
            text = text[text.index(after: text.startIndex)..<end]
        } else if text.contains("."), text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") {
            text = text[..<colon]
        }
        self.init(text)
    }
}
