import NIOCore

extension ServerConfiguration {
    /// Checks everything that can be checked before listening. Resolves the host name, so it may block for a moment.
    ///
    /// - Throws: ``ListenError``.
    public func validate() throws {
        _ = try resolve()
    }

    /// The address to bind.
    ///
    /// - Throws: ``ListenError``, also for an address that others can reach while authentication is not decided upon.
    func resolve() throws -> SocketAddress {
        guard (0...65_535).contains(port) else { throw ListenError.invalidPort(port) }
        guard (TimeAmount.seconds(5)...TimeAmount.seconds(60)).contains(heartbeat) else {
            throw ListenError.invalidValue(name: "heartbeat", rule: "within 5–60 seconds")
        }
        guard drain >= .zero else { throw ListenError.invalidValue(name: "drain time", rule: "0 seconds or more") }
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(hostname, port: port)
        } catch {
            throw ListenError.unknownAddress(hostname: hostname, cause: "it does not resolve to an address")
        }
        guard address.isLoopback || authentication == .disabled else {
            throw ListenError.authenticationRequired(hostname: hostname)
        }
        return address
    }
}

extension SocketAddress {
    /// True for addresses that only this machine reaches: 127.0.0.0/8, also as ::ffff:127.0.0.0/104, and ::1.
    var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") ?? false
        case .v6: ipAddress == "::1" || ipAddress?.hasPrefix("::ffff:127.") ?? false
        case .unixDomainSocket: true
        }
    }

    /// The address without its port, for people and for `user_id`.
    var hostText: String {
        switch self {
        case .v4, .v6: ipAddress ?? "unknown"
        case .unixDomainSocket: "local"
        }
    }
}
