import TributaryProtocol

extension Catalog {
    /// - Throws: ``EventLogError/refused(_:)``
    package func indexForLog(of channel: Channel) throws -> Int {
        guard let index = index(of: channel.name) else {
            throw EventLogError.refused("the catalog has no channel \"\(channel)\"")
        }
        return index
    }

    /// Each channel once, in the catalog's order.
    /// - Throws: ``EventLogError/refused(_:)``
    package func indicesForLog(of channels: [Channel]) throws -> [Int] {
        try Set(channels.map { try indexForLog(of: $0) }).sorted()
    }
}
