import NIOCore
import TributaryProtocol

/// A page of the log as frames.
struct ReplayPage {
    let segments: [Segment]
    let start: LogPosition
    let end: LogPosition
    var isLast: Bool
    let state: LogState

    /// Encodes what the log has; an envelope that nobody could read is passed over.
    init(_ page: LogPage, catalog: Catalog, isReplay: Bool) {
        var builder = SegmentBuilder()
        for entry in page.entries {
            guard let channel = catalog.index(of: entry.channel.name) else { continue }
            entry.envelope.withUnsafeReadableBytes { bytes in
                guard let envelope = try? Envelope.scan(bytes) else { return }
                let name = isReplay ? catalog.replayName(of: envelope.event, in: channel) : envelope.event
                let audience: Audience = envelope.recipient.map { .user($0, channel: channel) } ?? .channel(channel)
                builder.append(for: audience, id: entry.id, at: entry.position) { buffer in
                    ServerSentEventEncoder.encode(
                        event: name, data: UnsafeRawBufferPointer(rebasing: bytes[envelope.data]), id: entry.id,
                        retry: envelope.retry, into: &buffer
                    )
                }
            }
        }
        segments = builder.seal()
        start = page.start
        end = page.end
        isLast = page.isLast
        state = page.state
    }
}
