extension Envelope {
    /// Scans one envelope in one pass over its bytes, which stay where they are.
    ///
    /// Unknown keys are passed over. A key that stands twice is refused: two readers could disagree about which counts.
    ///
    /// - Throws: the ``Rejection``; the caller counts it by its raw value.
    public static func scan(_ bytes: UnsafeRawBufferPointer) throws(Rejection) -> Envelope {
        var scan = EnvelopeScanner(bytes)
        do {
            try scan.scanObject()
        } catch {
            throw .malformed
        }
        return try scan.envelope()
    }
}

/// The keys of one envelope as they are found; judged when the whole object has proved well-formed.
private struct EnvelopeScanner {
    private var json: JSONScanner
    private var event: Range<Int>?
    private var data: Range<Int>?
    private var id: Range<Int>?
    private var to: Range<Int>?
    private var ts: Range<Int>?
    private var committedAt: Range<Int>?
    private var traceparent: Range<Int>?
    private var prev: Range<Int>?
    private var seen: Range<Int>?
    private var position: Range<Int>?
    private var log: Range<Int>?
    private var clientMessageID: Range<Int>?
    private var retry: Range<Int>?

    init(_ bytes: UnsafeRawBufferPointer) {
        json = JSONScanner(bytes)
    }

    mutating func scanObject() throws(JSONScanner.Malformed) {
        json.skipWhitespace()
        guard json.take(UInt8(ascii: "{")) else { throw .init(offset: json.index) }
        json.skipWhitespace()
        if !json.take(UInt8(ascii: "}")) {
            repeat {
                try scanMember()
                json.skipWhitespace()
            } while json.take(UInt8(ascii: ","))
            guard json.take(UInt8(ascii: "}")) else { throw .init(offset: json.index) }
        }
        json.skipWhitespace()
        guard json.isAtEnd else { throw .init(offset: json.index) }
    }

    private mutating func scanMember() throws(JSONScanner.Malformed) {
        json.skipWhitespace()
        let key = try json.string()
        json.skipWhitespace()
        guard json.take(UInt8(ascii: ":")) else { throw .init(offset: json.index) }
        json.skipWhitespace()
        let value = try json.value(depth: 1)
        if let key = Key(key, in: json), !keep(value, for: key) { throw .init(offset: value.lowerBound) }
    }

    /// - Returns: false if the key has a value already.
    private mutating func keep(_ value: Range<Int>, for key: Key) -> Bool {
        func fill(_ slot: inout Range<Int>?) -> Bool {
            guard slot == nil else { return false }
            slot = value
            return true
        }
        return switch key {
        case .event: fill(&event)
        case .data: fill(&data)
        case .id: fill(&id)
        case .to: fill(&to)
        case .ts: fill(&ts)
        case .committedAt: fill(&committedAt)
        case .traceparent: fill(&traceparent)
        case .prev: fill(&prev)
        case .seen: fill(&seen)
        case .position: fill(&position)
        case .log: fill(&log)
        case .clientMessageID: fill(&clientMessageID)
        case .retry: fill(&retry)
        }
    }

    func envelope() throws(Envelope.Rejection) -> Envelope {
        guard let event else { throw .missingEvent }
        guard let text = string(event), let name = try? EventName(text) else { throw .invalidEvent }
        guard !name.isReserved else { throw .reservedEvent }
        guard let data else { throw .missingData }
        var envelope = Envelope(event: name, data: data)
        if let id, !isNull(id) {
            envelope.id = number(id).flatMap(EventID.init)
            envelope.hasUnusableID = envelope.id == nil
        }
        if let to, !isNull(to) { envelope.recipient = try recipient(to) }
        envelope.timestamp = ts.flatMap(number)
        envelope.committedAt = committedAt.flatMap(number)
        envelope.placement = placement(of: envelope.id)
        envelope.traceparent = traceparent.flatMap(string)
        envelope.clientMessageID = clientMessageID.flatMap(string)
        envelope.retry = retry.flatMap(number).map { Int(min(max($0, 1_000), 60_000)) }
        return envelope
    }

    private func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: json.bytes[range])
    }

    private func isNull(_ range: Range<Int>) -> Bool { json.bytes[range.lowerBound] == UInt8(ascii: "n") }

    /// The text of a value that is a string.
    private func string(_ range: Range<Int>) -> String? {
        guard let plain = plainString(range) else {
            var scanner = JSONScanner(json.bytes, at: range.lowerBound)
            guard let string = try? scanner.string() else { return nil }
            return scanner.text(of: string)
        }
        return String(decoding: plain, as: UTF8.self)
    }

    /// The bytes of a value that is a string without escapes, which was found well-formed before.
    private func plainString(_ range: Range<Int>) -> UnsafeRawBufferPointer? {
        guard range.count >= 2, json.bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
        let plain = bytes(range.lowerBound + 1..<range.upperBound - 1)
        return plain.contains(UInt8(ascii: "\\")) ? nil : plain
    }

    /// Digits as a number or in a string.
    private func number(_ range: Range<Int>) -> UInt64? {
        guard json.bytes[range.lowerBound] == UInt8(ascii: "\"") else { return UInt64(digits: bytes(range)) }
        if let plain = plainString(range) { return UInt64(digits: plain) }
        return string(range).flatMap { UInt64(digits: $0.utf8) }
    }

    /// The log's word, if there is a `position`. One that is not well-formed counts as none: the event is then logged anew, and
    /// found to be in the log already.
    private func placement(of id: EventID?) -> Placement? {
        guard let position, let id, let place = place(position), let previous = prev.flatMap(number) else { return nil }
        var placement = Placement(id: id, position: place, previous: EventID(previous))
        placement.epoch = log.flatMap(number) ?? 0
        guard let seen else { return placement }
        var scanner = JSONScanner(json.bytes, at: seen.lowerBound)
        guard scanner.take(UInt8(ascii: "{")) else { return nil }
        scanner.skipWhitespace()
        if scanner.take(UInt8(ascii: "}")) { return placement }
        repeat {
            scanner.skipWhitespace()
            guard let key = try? scanner.string(), let channel = scanner.text(of: key) else { return nil }
            scanner.skipWhitespace()
            _ = scanner.take(UInt8(ascii: ":"))
            scanner.skipWhitespace()
            guard let value = try? scanner.value(depth: 2), let id = number(value).flatMap(EventID.init) else {
                return nil
            }
            placement.seen.append(Placement.Seen(channel: channel, id: id))
            scanner.skipWhitespace()
        } while scanner.take(UInt8(ascii: ","))
        return placement
    }

    private func place(_ range: Range<Int>) -> LogPosition? {
        if let plain = plainString(range) { return LogPosition(plain) }
        return string(range).flatMap { LogPosition($0.utf8) }
    }

    /// `{"user":"u1"}`, and nothing beside it: a target that the hub doesn't know must not widen the audience.
    private func recipient(_ range: Range<Int>) throws(Envelope.Rejection) -> UserID {
        var scanner = JSONScanner(json.bytes, at: range.lowerBound)
        guard scanner.take(UInt8(ascii: "{")) else { throw .invalidRecipient }
        scanner.skipWhitespace()
        guard let key = try? scanner.string(), scanner.text(of: key) == "user" else { throw .invalidRecipient }
        scanner.skipWhitespace()
        _ = scanner.take(UInt8(ascii: ":"))
        scanner.skipWhitespace()
        guard let value = try? scanner.string(), let text = scanner.text(of: value), let user = try? UserID(text)
        else { throw .invalidRecipient }
        scanner.skipWhitespace()
        guard scanner.take(UInt8(ascii: "}")) else { throw .invalidRecipient }
        return user
    }
}

/// The keys that mean something to the hub.
private enum Key: String {
    case event, data, id, to, ts, traceparent, prev, seen, position, log, retry
    case committedAt = "committed_at"
    case clientMessageID = "client_msg_id"

    /// `nil` for any other key.
    init?(_ key: (range: Range<Int>, hasEscapes: Bool), in json: JSONScanner) {
        // An escaped key (`"\u0074o"`) means the same to a JSON parser, so it must to the hub.
        if key.hasEscapes {
            guard let text = json.text(of: key) else { return nil }
            self.init(rawValue: text)
            return
        }
        let name = UnsafeRawBufferPointer(rebasing: json.bytes[key.range])
        switch (name.count, name.first) {
        case (5, UInt8(ascii: "e")) where name.equals("event"): self = .event
        case (4, UInt8(ascii: "d")) where name.equals("data"): self = .data
        case (2, UInt8(ascii: "i")) where name.equals("id"): self = .id
        case (2, UInt8(ascii: "t")) where name.equals("to"): self = .to
        case (2, UInt8(ascii: "t")) where name.equals("ts"): self = .ts
        case (4, UInt8(ascii: "p")) where name.equals("prev"): self = .prev
        case (4, UInt8(ascii: "s")) where name.equals("seen"): self = .seen
        case (3, UInt8(ascii: "l")) where name.equals("log"): self = .log
        case (8, UInt8(ascii: "p")) where name.equals("position"): self = .position
        case (5, UInt8(ascii: "r")) where name.equals("retry"): self = .retry
        case (11, UInt8(ascii: "t")) where name.equals("traceparent"): self = .traceparent
        case (12, UInt8(ascii: "c")) where name.equals("committed_at"): self = .committedAt
        case (13, UInt8(ascii: "c")) where name.equals("client_msg_id"): self = .clientMessageID
        default: return nil
        }
    }
}
