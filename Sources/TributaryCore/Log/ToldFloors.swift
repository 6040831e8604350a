import TributaryProtocol

/// What was trimmed under a reader, told once for each channel.
struct ToldFloors {
    private var floors: [Channel: LogPosition] = [:]

    /// The newest event that is gone behind `start` and was not told yet; it counts as told from now on.
    mutating func news(in state: LogState, behind start: LogPosition) -> LogPosition? {
        var newest: LogPosition?
        for (channel, there) in state.channels {
            guard let floor = there.floor, floor > max(start, floors[channel] ?? .start) else { continue }
            floors[channel] = floor
            newest = max(newest ?? floor, floor)
        }
        return newest
    }

    /// Takes what is gone as told.
    mutating func note(_ state: LogState) {
        for (channel, there) in state.channels { floors[channel] = there.floor }
    }
}
