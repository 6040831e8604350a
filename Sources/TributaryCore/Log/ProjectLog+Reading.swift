import DequeModule
import TributaryProtocol

extension ProjectLog {
    package func state(of indices: [Int]) -> LogState {
        var state = LogState(epoch: epoch, origin: origin, head: head)
        for index in indices {
            // The hub's own ids are given by the log: nothing passes it by.
            state.channels[catalog.channels[index]] = channels[index].state(hearsAll: owner == .hub)
        }
        return state
    }

    package func position(of cursor: LogCursor) -> LogPosition {
        switch cursor {
        case .position(let position): position
        case .id(let id): EventID(id).flatMap { late[$0] } ?? LogPosition(high: id)
        }
    }

    /// What stands behind a cursor, merged over channels in the log's order.
    /// - Parameter limit: entries, at least 1.
    package func read(_ indices: [Int], after cursor: LogCursor, limit: Int) -> LogPage {
        let start = position(of: cursor)
        var next = indices.map { (channel: $0, index: channels[$0].firstIndex(after: start)) }
        next.removeAll { $0.index == channels[$0.channel].entries.count }
        var entries: [LogEntry] = []
        while entries.count < limit, let nearest = nearest(next) {
            let (channel, index) = next[nearest]
            entries.append(channels[channel].entries[index])
            if index + 1 == channels[channel].entries.count {
                next.remove(at: nearest)
            } else {
                next[nearest].index += 1
            }
        }
        let end = next.isEmpty ? head : entries.last?.position ?? start
        return LogPage(entries: entries, start: start, end: end, isLast: next.isEmpty, state: state(of: indices))
    }

    /// Which of some places has the lowest position. There are as many as channels: a search beats a heap.
    private func nearest(_ places: [(channel: Int, index: Int)]) -> Int? {
        places.indices.min { left, right in
            channels[places[left].channel].entries[places[left].index].position
                < channels[places[right].channel].entries[places[right].index].position
        }
    }
}
