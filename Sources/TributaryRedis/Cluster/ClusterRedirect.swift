/// What an error of a cluster's server says about where, or when, to ask again. Nothing was done then.
enum ClusterRedirect: Equatable {
    /// Another one has the slot, for good.
    case moved(slot: Int, RedisHost)
    /// The slot is being moved, and the key is there already, or new. To be asked with `ASKING`.
    case ask(RedisHost)
    /// The slot is being moved, or nobody has it for the moment.
    case later

    /// `nil` for an error that is an answer.
    ///
    /// - Parameter asked: who answered; it leaves the host out where that is the same.
    init?(_ error: any Error, asked: RedisHost) {
        guard case RedisError.server(let code, let message)? = error as? RedisError else { return nil }
        switch code {
        case "MOVED", "ASK":
            let words = message.split(separator: " ")
            guard words.count == 3, let slot = Int(words[1]), (0..<HashSlot.count).contains(slot),
                let colon = words[2].lastIndex(of: ":"), let port = Int(words[2][words[2].index(after: colon)...]),
                (1...65_535).contains(port)
            else { return nil }
            let name = words[2][..<colon]
            let host = RedisHost(name: name.isEmpty || name == "?" ? asked.name : String(name), port: port)
            self = code == "MOVED" ? .moved(slot: slot, host) : .ask(host)
        case "TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN": self = .later
        default: return nil
        }
    }
}
