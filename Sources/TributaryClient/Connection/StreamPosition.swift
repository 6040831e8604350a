import TributaryProtocol

/// Where a stream goes on after a cut.
enum StreamPosition: Equatable, Sendable {
    /// With whatever comes next.
    case live
    /// After this number: from the program, or from `connected` of a stream that began live. Sent as `from_seq`.
    case after(UInt64)
    /// After the event with this id. Sent as `Last-Event-ID`.
    case event(String)

    /// The number to store and to begin with next time; `nil` before anything is known, or for ids that are no numbers.
    var number: UInt64? {
        switch self {
        case .live: nil
        case .after(let number): number
        case .event(let id): UInt64(digits: id.utf8)
        }
    }

    /// What a browser would call the last event id; empty if there is none.
    var lastEventID: String {
        if case .event(let id) = self { id } else { "" }
    }

    /// 256 bytes: far more than any id of the hub, and fits every server's limit for a header.
    static let longestID = 256

    /// The position after an event's `id` field; `nil` if the id fits no header. The empty id takes the position back,
    /// as the event stream's specification has it.
    init?(id: String) {
        if id.isEmpty {
            self = .live
        } else if id.utf8.count <= Self.longestID, id.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
            self = .event(id)
        } else {
            return nil
        }
    }

}
