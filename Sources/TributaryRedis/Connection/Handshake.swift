import NIOCore

/// What a new connection says before anything else, and what it makes of the answers.
struct Handshake {
    private enum Step {
        case authenticate, select, name, ping, role
    }

    enum Outcome: Equatable {
        case unfinished
        case done
        case failed(RedisError)
    }

    /// All commands, pipelined.
    let bytes: ByteBuffer
    private var steps: ArraySlice<Step>
    private let mayLackPassword: Bool

    /// - Parameter isSentinel: the server is a sentinel, which may have no password where the master has one.
    init(_ configuration: RedisConfiguration, isSentinel: Bool = false) throws(RedisError) {
        var bytes = ByteBuffer()
        var steps: [Step] = []
        if let password = configuration.password {
            let user = configuration.user.map { [RedisArgument.string($0)] } ?? []
            try RedisCommand(arguments: ["AUTH"] + user + [.string(password)]).encode(into: &bytes)
            steps.append(.authenticate)
        }
        if configuration.database != 0 {
            try RedisCommand("SELECT", .integer(configuration.database)).encode(into: &bytes)
            steps.append(.select)
        }
        let name = configuration.clientName.utf8.map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "-") }
        try RedisCommand("CLIENT", "SETNAME", .string(String(decoding: name, as: UTF8.self))).encode(into: &bytes)
        steps.append(.name)
        // Shows a missing password (NOAUTH) and a Redis that is still loading.
        try RedisCommand("PING").encode(into: &bytes)
        steps.append(.ping)
        if case .sentinel = configuration.address {
            // A sentinel that was out of touch names a master of the past.
            try RedisCommand("ROLE").encode(into: &bytes)
            steps.append(.role)
        }
        mayLackPassword = isSentinel
        self.bytes = bytes
        self.steps = steps[...]
    }

    var isDone: Bool { steps.isEmpty }

    mutating func receive(_ reply: RESPValue) -> Outcome {
        guard let step = steps.popFirst() else { return .failed(.protocolViolation("a reply that nobody asked for")) }
        if case .error(let text) = reply {
            let error = RedisError(serverText: text)
            guard case .server(let code, _) = error, mayRefuse(step, code: code, text: text) else {
                return .failed(error)
            }
        } else if step == .role, let role = reply.array?.first?.string, role != "master" {
            return .failed(.connectFailed("it is no master: \(role)"))
        }
        return steps.isEmpty ? .done : .unfinished
    }

    /// A user without the right to `CLIENT` or `PING` is a user all the same; some proxies do not know `CLIENT`.
    private func mayRefuse(_ step: Step, code: String, text: String) -> Bool {
        switch step {
        case .authenticate: mayLackPassword
        case .select: false
        case .name: code == "NOPERM" || text.lowercased().contains("unknown")
        case .ping, .role: code == "NOPERM"
        }
    }
}
