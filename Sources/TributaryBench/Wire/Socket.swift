import Glibc

/// TCP sockets over IPv4, as few calls as a load generator can do with.
enum Socket {
    /// Begins to connect without waiting.
    ///
    /// - Parameter source: the local address, in network order; `nil` lets the system choose.
    /// - Returns: the descriptor, or the error's negative code.
    static func connect(to address: sockaddr_in, from source: in_addr?, receiveBuffer: Int32? = nil) -> Int32 {
        let descriptor = Glibc.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return -errno }
        if let receiveBuffer { set(descriptor, SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        if let source {
            // The port is chosen by connect, so that each pair of addresses has its own 28,000.
            set(descriptor, Int32(IPPROTO_IP), bindAddressNoPort, 1)
            var local = sockaddr_in()
            local.sin_family = sa_family_t(AF_INET)
            local.sin_addr = source
            guard withSocketAddress(&local, { bind(descriptor, $0, $1) }) == 0 else { return failed(descriptor) }
        }
        var remote = address
        let result = withSocketAddress(&remote) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { return failed(descriptor) }
        return descriptor
    }

    /// Listens on a free port of 127.0.0.1.
    static func listen() throws -> (descriptor: Int32, address: sockaddr_in) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = try resolve("127.0.0.1", port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard descriptor >= 0, withSocketAddress(&address, { bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, 4_096) == 0,
            withUnsafeMutablePointer(
                to: &address,
                { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        getsockname(descriptor, $0, &length)
                    }
                }) == 0
        else { throw BenchError.system("listen", errno) }
        return (descriptor, address)
    }

    /// Closes without a handshake: the port is free at once, where a polite end keeps it for a minute.
    static func cut(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close(descriptor)
    }

    /// Small messages leave at once.
    static func sendAtOnce(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    /// The first IPv4 address of a host.
    static func resolve(_ host: String, port: UInt16) throws -> sockaddr_in {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0, let address = found?.pointee.ai_addr else {
            throw BenchError("\(host): \(String(cString: gai_strerror(code)))")
        }
        var result = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee }
        result.sin_port = port.bigEndian
        return result
    }

    /// What went wrong with a connection that the system was still making.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    /// `IP_BIND_ADDRESS_NO_PORT`, which Swift's Glibc module lacks.
    private static let bindAddressNoPort: Int32 = 24

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func failed(_ descriptor: Int32) -> Int32 {
        let code = errno
        close(descriptor)
        return -code
    }

    private static func withSocketAddress<Result>(
        _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
