import TributaryProtocol

/// The projects of one event loop: by name, and for events by a place that takes no hashing to look up. Lives on its shard's event
/// loop.
struct ProjectTable {
    private var byName: [ProjectID: ProjectStreams] = [:]
    private var byPlace: [ProjectStreams?] = []
    private var freePlaces: [Int] = []

    subscript(project: ProjectID) -> ProjectStreams? { byName[project] }

    /// What stands at a place; `nil` at one that is free.
    subscript(place place: Int) -> ProjectStreams? { byPlace.indices.contains(place) ? byPlace[place] : nil }

    var all: some Collection<ProjectStreams> { byName.values }

    /// Adds a project that is not there.
    ///
    /// - Parameter make: is told its place, which it has until ``remove(_:)``.
    mutating func add(_ project: ProjectID, make: (Int) -> ProjectStreams) -> ProjectStreams {
        let place = freePlaces.popLast() ?? byPlace.count
        let streams = make(place)
        if place == byPlace.count { byPlace.append(streams) } else { byPlace[place] = streams }
        byName[project] = streams
        return streams
    }

    /// Takes a project out; its place is the next one's.
    mutating func remove(_ project: ProjectID) {
        guard let streams = byName.removeValue(forKey: project) else { return }
        byPlace[streams.place] = nil
        freePlaces.append(streams.place)
    }
}
