/// One event of a `POST /publish`: an envelope with its channel and project beside it.
///
/// `data` is not decoded: it is a range of the scanned bytes, and goes to the streams byte for byte.
public struct PublishRequest: Sendable, Equatable {
    /// As it was sent; the catalog knows whether there is such a channel.
    public var channel: String
    public var project: ProjectID
    public var event: EventName
    /// Where the value of `data` stands in the scanned bytes.
    public var data: Range<Int>
    public var id: EventID?
    public var recipient: UserID?
    public var clientMessageID: String?
    public var trace: TraceParent?

    /// Why one event was refused.
    public enum Rejection: Error, Sendable, Equatable {
        case envelope(Envelope.Rejection)
        case missingChannel
        case invalidProject(InvalidName)
        /// There is an `id`, and it is not a number within 1…2^53 − 1.
        case invalidID
        /// Not a string of 1 to 256 bytes.
        case invalidClientMessageID
        /// There is a `traceparent`, and it is none by its form.
        case invalidTraceParent
    }

    /// Why a whole body was refused.
    public enum BodyError: Error, Sendable, Equatable {
        /// Not JSON in UTF-8, or neither an object nor an array.
        case malformed
        case tooManyItems
    }

    /// What a body holds: an object, or an array whose items stand each on their own.
    public enum Body: Sendable, Equatable {
        case one(Result<PublishRequest, Rejection>)
        case many([Result<PublishRequest, Rejection>])
    }

    /// 256 bytes: room for a UUID with whatever stands before it.
    public static let maximumClientMessageIDBytes = 256

    /// Scans a body, whose bytes stay where they are.
    ///
    /// - Parameter limit: how many items an array may hold.
    public static func scan(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(BodyError) -> Body {
        guard isJSON(bytes) else { throw .malformed }
        var json = JSONScanner(bytes)
        json.skipWhitespace()
        if json.index < bytes.count, bytes[json.index] == UInt8(ascii: "{") {
            return .one(request(in: bytes, at: 0..<bytes.count))
        }
        guard json.take(UInt8(ascii: "[")) else { throw .malformed }
        var items: [Result<PublishRequest, Rejection>] = []
        json.skipWhitespace()
        // The whole has proved well-formed, so nothing but the items' own rules can fail from here on.
        while !json.take(UInt8(ascii: "]")) {
            guard items.count < limit else { throw .tooManyItems }
            guard let range = try? json.value(depth: 1) else { throw .malformed }
            items.append(request(in: bytes, at: range))
            json.skipWhitespace()
            _ = json.take(UInt8(ascii: ","))
            json.skipWhitespace()
        }
        return .many(items)
    }

    private static func request(
        in bytes: UnsafeRawBufferPointer, at range: Range<Int>
    ) -> Result<PublishRequest, Rejection> {
        Result { () throws(Rejection) in try PublishRequest(bytes, range) }
    }

    /// The envelope's scanner judges its own keys and passes over the others, which are read here.
    private init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Rejection) {
        let object = UnsafeRawBufferPointer(rebasing: bytes[range])
        let envelope: Envelope
        do {
            envelope = try Envelope.scan(object)
        } catch {
            throw .envelope(error)
        }
        let keys = try AddressKeys(object)
        guard let channel = keys.channel else { throw .missingChannel }
        guard !envelope.hasUnusableID else { throw .invalidID }
        self.channel = channel
        do {
            project = try keys.project.map { try ProjectID($0) } ?? .default
        } catch let error as InvalidName {
            throw .invalidProject(error)
        } catch {
            throw .envelope(.malformed)
        }
        event = envelope.event
        data = range.lowerBound + envelope.data.lowerBound..<range.lowerBound + envelope.data.upperBound
        id = envelope.id
        recipient = envelope.recipient
        clientMessageID = envelope.clientMessageID
        if keys.hasClientMessageID {
            guard let text = clientMessageID, (1...Self.maximumClientMessageIDBytes).contains(text.utf8.count) else {
                throw .invalidClientMessageID
            }
        }
        trace = envelope.trace
        guard trace != nil || !keys.hasTraceParent else { throw .invalidTraceParent }
    }
}

/// Where an event goes: the keys that an envelope does not have, because a relay's topic says it.
private struct AddressKeys {
    private(set) var channel: String?
    private(set) var project: String?
    /// Present and not null.
    private(set) var hasClientMessageID = false
    /// Present and not null.
    private(set) var hasTraceParent = false

    /// - Parameter object: one JSON object that has proved well-formed.
    init(_ object: UnsafeRawBufferPointer) throws(PublishRequest.Rejection) {
        do {
            try scan(object)
        } catch {
            throw .envelope(.malformed)
        }
    }

    private mutating func scan(_ object: UnsafeRawBufferPointer) throws(JSONScanner.Malformed) {
        var json = JSONScanner(object)
        json.skipWhitespace()
        _ = json.take(UInt8(ascii: "{"))
        json.skipWhitespace()
        if json.take(UInt8(ascii: "}")) { return }
        repeat {
            json.skipWhitespace()
            let key = try json.string()
            json.skipWhitespace()
            _ = json.take(UInt8(ascii: ":"))
            json.skipWhitespace()
            let start = json.index
            let value = try json.value(depth: 1)
            let isNull = object[start] == UInt8(ascii: "n")
            switch json.text(of: key) {
            case "channel" where !isNull: try set(\.channel, value, object)
            case "project_id" where !isNull, "projectId" where !isNull: try set(\.project, value, object)
            case "client_msg_id": hasClientMessageID = !isNull
            case "traceparent": hasTraceParent = !isNull
            default: break
            }
            json.skipWhitespace()
        } while json.take(UInt8(ascii: ","))
    }

    /// A key that stands twice is refused, as the envelope's are; so is a name that is no string.
    private mutating func set(
        _ field: WritableKeyPath<Self, String?>, _ range: Range<Int>, _ object: UnsafeRawBufferPointer
    ) throws(JSONScanner.Malformed) {
        var json = JSONScanner(object, at: range.lowerBound)
        guard self[keyPath: field] == nil, let text = json.text(of: try json.string()) else {
            throw JSONScanner.Malformed(offset: range.lowerBound)
        }
        self[keyPath: field] = text
    }
}
