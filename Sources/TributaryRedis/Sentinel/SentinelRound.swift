/// Which sentinel to ask next for the address of the master: decides, and asks nobody itself.
///
/// Each is asked once a round. The next round begins with the one after: an answer that led to no master came from a sentinel
/// that was out of touch, and another one may know better.
struct SentinelRound {
    enum Step: Equatable {
        case ask(RedisHost)
        /// Nobody knows; the text has each one's reason.
        case failed(String)
    }

    private let master: String
    private var rest: ArraySlice<RedisHost>
    private var current: RedisHost?
    private var causes: [String] = []

    /// - Parameters:
    ///   - hosts: every sentinel, at least one.
    ///   - number: counts the rounds, and so turns the order.
    init(_ hosts: [RedisHost], master: String, number: Int) {
        let first = hosts.isEmpty ? 0 : number % hosts.count
        rest = (hosts[first...] + hosts[..<first])[...]
        self.master = master
    }

    mutating func next() -> Step {
        guard let host = rest.popFirst() else {
            return .failed("no sentinel says where the master \(master) is (\(causes.joined(separator: "; ")))")
        }
        current = host
        return .ask(host)
    }

    /// - Returns: the address in an answer to `SENTINEL GET-MASTER-ADDR-BY-NAME`; `nil` if there is none in it.
    mutating func answered(_ reply: RESPValue) -> RedisHost? {
        guard let fields = reply.array, fields.count == 2, let name = fields[0].string, !name.isEmpty,
            let port = fields[1].integer, (1...65_535).contains(port)
        else {
            failed("does not know that master")
            return nil
        }
        return RedisHost(name: name, port: Int(port))
    }

    mutating func failed(_ cause: String) {
        if let current { causes.append("\(current): \(cause)") }
    }
}
