/// Where the newest frame of each conflation stands, while somebody is behind. Lives on its shard's event loop.
struct ConflationTable {
    private var places: [Conflation.Group: [String: FramePlace]] = [:]

    /// Notes a frame, newer than all before.
    ///
    /// - Returns: where the one stands that it replaces.
    mutating func note(_ conflation: Conflation, at place: FramePlace) -> FramePlace? {
        places[conflation.group, default: [:]].updateValue(place, forKey: conflation.value)
    }

    /// Forgets a whole group.
    ///
    /// - Returns: where its newest frames stand.
    mutating func take(_ group: Conflation.Group) -> [FramePlace] {
        places.removeValue(forKey: group).map { Array($0.values) } ?? []
    }

    /// Forgets a frame that is not kept any longer, and that nothing has replaced.
    mutating func forget(_ conflation: Conflation) {
        places[conflation.group]?[conflation.value] = nil
        if places[conflation.group]?.isEmpty == true { places[conflation.group] = nil }
    }

    mutating func clear() { places = [:] }
}
