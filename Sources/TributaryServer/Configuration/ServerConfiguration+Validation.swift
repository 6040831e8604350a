import NIOCore

extension ServerConfiguration {
    /// Checks everything that can be checked before listening. Resolves host names and reads the certificate, so it may block for a
    /// moment.
    ///
    /// - Throws: ``ListenError``.
    public func validate() throws {
        try signature.validate(authentication)
        _ = try resolve()
        try publishing.validate()
        _ = try resolveAdmin()
        try certificate()?.load()
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
        guard jwt.hasKeys || authentication?.contains(.jwt) != true else {
            throw ListenError.invalidValue(name: "jwt", rule: "given a secret, keys, or the place of a key set")
        }
        guard application.endpoint != nil || authentication?.contains(.application) != true else {
            throw ListenError.invalidValue(
                name: "--authorize-url",
                rule: "given with --auth application: nobody else knows the application's sessions"
            )
        }
        let address = try Self.address(hostname, port)
        guard address.isLoopback || authentication != nil else {
            throw ListenError.authenticationRequired(hostname: hostname)
        }
        return address
    }

    /// The address to bind for operators; `nil` for none of their own. Others may reach it: there they have to show who they are.
    ///
    /// - Throws: ``ListenError``.
    func resolveAdmin() throws -> SocketAddress? {
        guard let port = transport.adminPort else {
            guard transport.adminHostname == nil else {
                throw ListenError.invalidValue(name: "admin-hostname", rule: "given with admin-port")
            }
            return nil
        }
        guard (0...65_535).contains(port) else { throw ListenError.invalidPort(port) }
        return try Self.address(transport.adminHostname ?? hostname, port)
    }

    /// What TLS is ended with, not read yet; `nil` for no TLS.
    ///
    /// - Throws: ``ListenError``.
    func certificate() throws -> ServerCertificate? {
        switch (transport.certificatePath, transport.keyPath) {
        case (nil, nil): nil
        case (let path?, let keyPath?): ServerCertificate(path: path, keyPath: keyPath)
        default: throw ListenError.invalidValue(name: "tls-cert and tls-key", rule: "given together")
        }
    }

    private static func address(_ hostname: String, _ port: Int) throws -> SocketAddress {
        do {
            return try SocketAddress.makeAddressResolvingHost(hostname, port: port)
        } catch {
            throw ListenError.unknownAddress(hostname: hostname, cause: "it does not resolve to an address")
        }
    }
}

extension SocketAddress {
    /// True for addresses that only this machine reaches.
    var isLoopback: Bool {
        if case .unixDomainSocket = self { return true }
        return IPAddress(self)?.isLoopback ?? false
    }

    /// The address without its port, for people and for `user_id`.
    var hostText: String {
        if case .unixDomainSocket = self { return "local" }
        return IPAddress(self)?.description ?? "unknown"
    }
}
