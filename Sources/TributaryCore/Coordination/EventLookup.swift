import NIOCore
import TributaryProtocol

/// Finds one event in a log by its id.
struct EventLookup {
    let log: any EventLog
    let catalog: Catalog

    enum Answer {
        case found(LogEntry)
        /// It was there, or may have been.
        case trimmed
        case unknown
        case unavailable
    }

    func find(_ id: EventID, of project: ProjectID) async -> Answer {
        do {
            // Where the cursor stands tells whether the event came in turn or late.
            let here = try await log.read(
                catalog.channels, of: project, after: .id(id.rawValue), limit: 1
            ).get()
            let before =
                here.start.late > 0
                ? LogPosition(high: here.start.high, late: here.start.late - 1)
                : LogPosition(high: here.start.high - min(1, here.start.high), late: .max >> 16)
            let page = try await log.read(
                catalog.channels, of: project, after: .position(before), limit: 1
            ).get()
            if let entry = page.entries.first, entry.id == id { return .found(entry) }
            let floor = page.state.channels.values.compactMap(\.floor).max()
            return floor.map { id.rawValue <= $0.high } ?? false ? .trimmed : .unknown
        } catch {
            return .unavailable
        }
    }
}
