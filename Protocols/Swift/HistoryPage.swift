public import NIOCore

/// The answer to `GET /history`: a part of a project's timeline, in the log's order.
public struct HistoryPage: Sendable, Equatable {
    public var events: [HistoryEvent]
    /// At least one more event that the user may read stands behind the last one.
    public var more: Bool
    /// The newest id of the project's log, on whatever channel; `nil` while there is none.
    public var latest: EventID?
    /// What the log cannot give of what came after the cursor; `nil` if the page goes on from there without a loss.
    public var gap: Missing?

    /// Ids that may be lost for good.
    public struct Missing: Sendable, Equatable {
        public var from: UInt64
        /// `nil` where nobody knows.
        public var to: UInt64?

        public init(from: UInt64, to: UInt64?) {
            self.from = from
            self.to = to
        }
    }

    public init(events: [HistoryEvent] = [], more: Bool = false, latest: EventID? = nil, gap: Missing? = nil) {
        self.events = events
        self.more = more
        self.latest = latest
        self.gap = gap
    }

    /// Events in a page unless the request names another limit.
    public static let standardLimit = 200
    /// The most events that a request can ask for.
    public static let maximumLimit = 1_000

    /// The answer's body; each event's data goes in as it is, byte for byte.
    public func encode() -> ByteBuffer {
        var json = ByteBuffer()
        json.reserveCapacity(events.reduce(256) { $0 + $1.data.readableBytes + 160 })
        json.writeStaticString(#"{"events":["#)
        for (index, event) in events.enumerated() {
            if index > 0 { json.writeStaticString(",") }
            json.write(event)
        }
        json.writeStaticString(more ? #"],"more":true,"latest_seq":"# : #"],"more":false,"latest_seq":"#)
        if let latest { json.writeDecimal(latest.rawValue) } else { json.writeStaticString("null") }
        if let gap {
            json.writeStaticString(#","recovered":false,"gap":{"from":"#)
            json.writeDecimal(gap.from)
            if let to = gap.to {
                json.writeStaticString(#","to":"#)
                json.writeDecimal(to)
            }
            json.writeStaticString("}")
        }
        json.writeStaticString("}")
        return json
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ event: HistoryEvent) {
        writeStaticString(#"{"id":"#)
        writeDecimal(event.id.rawValue)
        writeStaticString(#","channel":"#)
        writeJSONString(event.channel)
        writeStaticString(#","event":"#)
        writeJSONString(event.name)
        writeStaticString(#","data":"#)
        writeImmutableBuffer(event.data)
        writeStaticString(#","timestamp":"#)
        writeJSONString(event.timestamp)
        writeStaticString("}")
    }
}
