/// Tokens that travel from the command connection through Redis to the subscriber: what comes back has proved both.
struct RelayProbe {
    /// Tells this process' tokens from those of another node that was given the same name.
    private let instance: UInt64
    private var number: UInt64 = 0

    /// A token is on its way.
    private(set) var isAwaiting = false

    init(instance: UInt64 = .random(in: .min ... .max)) {
        self.instance = instance
    }

    /// The next token to publish; earlier ones no longer count.
    mutating func begin() -> String {
        number += 1
        isAwaiting = true
        return token
    }

    /// - Returns: true if this is the token that is awaited.
    mutating func received(_ payload: UnsafeRawBufferPointer) -> Bool {
        guard isAwaiting, payload.elementsEqual(token.utf8) else { return false }
        isAwaiting = false
        return true
    }

    /// - Returns: true if an answer to `PING` was awaited in place of the token.
    mutating func answered() -> Bool {
        defer { isAwaiting = false }
        return isAwaiting
    }

    private var token: String { "\(String(instance, radix: 16)):\(number)" }
}
