import TributaryProtocol

/// The standard's algorithm as it is written, over a whole stream at once: slow, and nothing like the decoder.
///
/// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
enum NaiveEventStream {
    private static let event = ArraySlice("event".unicodeScalars)
    private static let data = ArraySlice("data".unicodeScalars)
    private static let id = ArraySlice("id".unicodeScalars)
    private static let retry = ArraySlice("retry".unicodeScalars)

    static func read(
        _ bytes: [UInt8], lastEventID: String = ""
    ) -> (events: [ServerSentEvent], lastEventID: String, retry: Int?) {
        var text = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        if text.first == "\u{FEFF}" { text.removeFirst() }
        var events: [ServerSentEvent] = []
        var (dataBuffer, typeBuffer, idBuffer) = ("", "", lastEventID)
        var (last, frameID, retry): (String, String?, Int?) = (lastEventID, nil, nil)
        for line in lines(of: text) {
            if line.isEmpty {
                last = idBuffer
                if !dataBuffer.isEmpty {
                    dataBuffer.unicodeScalars.removeLast()
                    let type = typeBuffer.isEmpty ? "message" : typeBuffer
                    events.append(ServerSentEvent(event: type, data: dataBuffer, id: frameID, lastEventID: last))
                }
                (dataBuffer, typeBuffer, frameID) = ("", "", nil)
                continue
            }
            let colon = line.firstIndex(of: ":")
            var scalars = colon.map { line[($0 + 1)...] } ?? []
            if scalars.first == " " { scalars.removeFirst() }
            let value = String(String.UnicodeScalarView(scalars))
            switch line[..<(colon ?? line.endIndex)] {
            case Self.event: typeBuffer = value
            case Self.data: dataBuffer += value + "\n"
            case Self.id where !scalars.contains("\0"): (idBuffer, frameID) = (value, value)
            case Self.retry where scalars.allSatisfy { ("0"..."9").contains($0) }:
                // Beyond 2^53 - 1 the decoder ignores it.
                if let number = Int(value), number < 1 << 53 { retry = number }
            default: break
            }
        }
        return (events, last, retry)
    }

    /// The lines that have an end.
    private static func lines(of text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = []
        var line: [Unicode.Scalar] = []
        for (index, scalar) in text.enumerated() {
            switch scalar {
            case "\n" where index > 0 && text[index - 1] == "\r": break
            case "\n", "\r":
                lines.append(line)
                line = []
            default: line.append(scalar)
            }
        }
        return lines
    }
}
