import NIOCore
import TributaryProtocol

/// Collects the frames of one relay batch for one project, and seals them into segments.
struct SegmentBuilder {
    private var sealed: [Segment] = []
    private var bytes = ByteBuffer()
    private var frames: [Frame] = []

    /// Encodes one frame behind the others, by `encode`.
    ///
    /// - Parameter published: as ``Frame/published``.
    mutating func append(
        for audience: Audience, id: EventID? = nil, at position: LogPosition? = nil, missing: MissingIDs? = nil,
        conflation: Conflation? = nil, published: UInt64 = 0, _ encode: (inout ByteBuffer) -> Void
    ) {
        let before = bytes.readableBytes
        encode(&bytes)
        frames.append(
            Frame(
                end: bytes.readableBytes, audience: audience, id: id, position: position, missing: missing,
                conflation: conflation, published: published
            )
        )
        if bytes.readableBytes > Segment.capacity, before > 0 {
            splitLastFrame(at: before)
        }
    }

    /// Seals what stands before the newest frame, which did not fit with it any more.
    private mutating func splitLastFrame(at boundary: Int) {
        let last = frames.removeLast()
        let frame = bytes.getSlice(at: boundary, length: bytes.readableBytes - boundary) ?? ByteBuffer()
        sealed.append(
            Segment(bytes: bytes.getSlice(at: 0, length: boundary) ?? ByteBuffer(), frames: frames))
        // Copied, so that the sealed segment is not kept alive by its successor.
        bytes = ByteBuffer(bytes: frame.readableBytesView)
        frames = [
            Frame(
                end: bytes.readableBytes, audience: last.audience, id: last.id, position: last.position,
                missing: last.missing, conflation: last.conflation, published: last.published)
        ]
    }

    /// Hands over all segments; the builder is empty afterwards.
    mutating func seal() -> [Segment] {
        if !frames.isEmpty {
            sealed.append(Segment(bytes: bytes, frames: frames))
            bytes = ByteBuffer()
            frames = []
        }
        defer { sealed = [] }
        return sealed
    }
}
