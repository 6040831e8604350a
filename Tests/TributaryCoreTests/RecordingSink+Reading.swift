import Foundation
import TributaryProtocol
import TributaryTesting

extension RecordingSink {
    /// The ids of the events that have one, in the order in which they came.
    func ids() throws -> [UInt64] { try events().compactMap { $0.id.flatMap { UInt64($0) } } }

    /// Each event as its id, or its name if it has none.
    func summary() throws -> [String] { try events().map { $0.id ?? $0.event } }

    /// What the `gap`s said, in order: the reason, and the range if there is one.
    func gaps() throws -> [String] {
        try events(named: "gap").map { gap in
            let to = gap["to"].map { "\($0)" } ?? ""
            return "\(gap["reason"] ?? "?")" + (gap["from"].map { " \($0)...\(to)" } ?? "")
        }
    }

    /// The data of the events with a name.
    func events(named name: String) throws -> [[String: Any]] {
        try events().filter { $0.event == name }.map { event in
            let data = Data(event.data.utf8)
            return try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) as? [String: Any] ?? [:]
        }
    }
}
