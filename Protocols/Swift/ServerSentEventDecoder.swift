/// An incremental parser of event streams: bytes in, events out, however the bytes are cut.
///
/// It follows every rule of https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation :
/// an optional BOM, LF, CR and CRLF line ends, comments, fields without a colon, one space stripped after the colon,
/// `id` with NUL ignored, `retry` with anything but digits ignored, an unfinished event at the end dropped.
/// Bytes that are not UTF-8 become U+FFFD. A value type: use it from one place at a time.
public struct ServerSentEventDecoder: Sendable {
    /// An event grew beyond the limit; the stream cannot be trusted further.
    public struct EventTooLarge: Error, Equatable {
        public let limit: Int
    }

    /// The id that a browser would send in `Last-Event-ID`; survives frames without an id.
    public private(set) var lastEventID: String
    /// The newest valid `retry` field, in milliseconds.
    public private(set) var retryMilliseconds: Int?

    private let maximumEventBytes: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var eventType: [UInt8] = []
    private var idField: String?
    private var previousWasCarriageReturn = false
    /// How many bytes of a BOM have been matched; `nil` once the start is behind us.
    private var byteOrderMarkProgress: Int? = 0

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// 64 KiB: one large event should not hold its memory for the rest of the stream.
    private static let keptCapacity = 64 << 10

    /// - Parameters:
    ///   - lastEventID: where the stream resumes, as sent in the request.
    ///   - maximumEventBytes: the longest line, and the most data of one event; 16 MiB unless told.
    public init(lastEventID: String = "", maximumEventBytes: Int = 16 << 20) {
        self.lastEventID = lastEventID
        self.maximumEventBytes = maximumEventBytes
    }

    /// Takes the next bytes of the stream and hands each completed event to `dispatch`, in order.
    ///
    /// - Throws: ``EventTooLarge``, after which the decoder must not be used again; or what `dispatch` throws.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer, _ dispatch: (ServerSentEvent) throws -> Void) throws {
        var index = bytes.startIndex
        if byteOrderMarkProgress != nil { skipByteOrderMark(bytes, &index) }
        if previousWasCarriageReturn, index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "\n") { index += 1 }
            previousWasCarriageReturn = false
        }
        var lines = LineScanner(UnsafeRawBufferPointer(rebasing: bytes[index...]))
        while let head = lines.next() {
            if line.isEmpty {
                try finishLine(head, dispatch)
            } else {
                try append(head)
                try finishStartedLine(dispatch)
            }
        }
        if lines.endedInCarriageReturn { previousWasCarriageReturn = true }
        try append(lines.rest)
    }

    /// Convenience for bytes in a collection.
    public mutating func feed(_ bytes: some Collection<UInt8>, _ dispatch: (ServerSentEvent) throws -> Void) throws {
        let fed: Void? = try bytes.withContiguousStorageIfAvailable { try feed(UnsafeRawBufferPointer($0), dispatch) }
        if fed == nil { try Array(bytes).withUnsafeBytes { try feed($0, dispatch) } }
    }

    private mutating func skipByteOrderMark(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) {
        while let progress = byteOrderMarkProgress, index < bytes.endIndex {
            if bytes[index] == Self.byteOrderMark[progress] {
                index += 1
                byteOrderMarkProgress = progress + 1 == Self.byteOrderMark.count ? nil : progress + 1
            } else {
                // Not a BOM after all: what looked like its start belongs to the first line.
                line.append(contentsOf: Self.byteOrderMark[..<progress])
                byteOrderMarkProgress = nil
            }
        }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard line.count + bytes.count <= maximumEventBytes else { throw EventTooLarge(limit: maximumEventBytes) }
        line.append(contentsOf: bytes)
    }

    /// A line that earlier chunks began.
    private mutating func finishStartedLine(_ dispatch: (ServerSentEvent) throws -> Void) throws {
        var whole: [UInt8] = []
        swap(&whole, &line)
        try whole.withUnsafeBytes { try finishLine($0, dispatch) }
        whole.removeAll(keepingCapacity: whole.count <= Self.keptCapacity)
        line = whole
    }

    private mutating func finishLine(
        _ line: UnsafeRawBufferPointer, _ dispatch: (ServerSentEvent) throws -> Void
    ) throws {
        guard line.count <= maximumEventBytes else { throw EventTooLarge(limit: maximumEventBytes) }
        if line.isEmpty { return try finishEvent(dispatch) }
        // No field that means anything has a colon behind its sixth byte; a longer name is passed over like a comment.
        let colon = line.prefix(6).firstIndex(of: UInt8(ascii: ":"))
        if colon == line.startIndex { return }
        let field = UnsafeRawBufferPointer(rebasing: line[..<(colon ?? line.endIndex)])
        var value = UnsafeRawBufferPointer(rebasing: line[(colon.map { $0 + 1 } ?? line.endIndex)...])
        if value.first == UInt8(ascii: " ") { value = UnsafeRawBufferPointer(rebasing: value.dropFirst()) }
        if field.equals("data") {
            guard data.count + value.count < maximumEventBytes else { throw EventTooLarge(limit: maximumEventBytes) }
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(contentsOf: value)
            hasData = true
        } else if field.equals("event") {
            eventType.removeAll(keepingCapacity: true)
            eventType.append(contentsOf: value)
        } else if field.equals("id") {
            if !value.contains(0) { idField = String(decoding: value, as: UTF8.self) }
        } else if field.equals("retry") {
            if let milliseconds = UInt64(digits: value) { retryMilliseconds = Int(milliseconds) }
        }
    }

    private mutating func finishEvent(_ dispatch: (ServerSentEvent) throws -> Void) throws {
        defer {
            data.removeAll(keepingCapacity: data.count <= Self.keptCapacity)
            eventType.removeAll(keepingCapacity: true)
            hasData = false
            idField = nil
        }
        if let idField { lastEventID = idField }
        // The data buffer of `data:` alone is the empty string after the last line feed is stripped, but it was set.
        guard hasData else { return }
        try dispatch(
            ServerSentEvent(
                event: eventType.isEmpty ? "message" : String(decoding: eventType, as: UTF8.self),
                data: String(decoding: data, as: UTF8.self),
                id: idField,
                lastEventID: lastEventID
            )
        )
    }
}
