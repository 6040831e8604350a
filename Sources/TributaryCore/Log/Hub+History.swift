import NIOCore
import TributaryProtocol

extension Hub {
    /// Reads a part of a project's timeline, as one of its readers may see it: in the log's order, without what is for other
    /// users. From any task.
    ///
    /// The page ends early where its data would go beyond 4 MiB.
    /// - Throws: ``EventLogError``.
    public func history(_ request: HistoryRequest) async throws -> HistoryPage {
        let channels = request.channels.indices.map { catalog.channels[$0] }
        var collector = HistoryCollector(request, channels: channels)
        while let cursor = collector.cursor {
            let read = try await log.read(
                channels, of: request.project, after: cursor, limit: collector.readLimit
            ).get()
            collector.take(read)
        }
        return collector.page
    }
}
