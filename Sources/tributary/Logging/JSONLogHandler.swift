import Foundation
import Logging
import NIOCore
import TributaryCore
import TributaryProtocol

/// Writes one JSON object a line: `timestamp`, `level`, `label`, `message`, then the metadata, nested names joined by dots.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info

    private let label: String
    private let clock: @Sendable () -> Instant
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes whole lines, from any thread.
    init(
        label: String, clock: @escaping @Sendable () -> Instant = { .now },
        write: @escaping @Sendable (String) -> Void = JSONLogHandler.writeToStandardError
    ) {
        self.label = label
        self.clock = clock
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        var members = [
            ("timestamp", JSONLine.text(clock().iso8601)), ("level", JSONLine.text(event.level.rawValue)),
            ("label", JSONLine.text(label)), ("message", JSONLine.text("\(event.message)")),
        ]
        if let error = event.error { members.append(("error", JSONLine.text("\(error)"))) }
        let taken = Set(members.map(\.0))
        for (key, value) in JSONLine.members(of: all) { members.append((taken.contains(key) ? key + "_" : key, value)) }
        write("{\(members.map { "\(JSONLine.text($0)):\($1)" }.joined(separator: ","))}\n")
    }

    /// One call for a line, so that lines of two threads do not mix.
    @Sendable static func writeToStandardError(_ line: String) {
        FileHandle.standardError.write(Data(line.utf8))
    }
}

/// The pieces of a line.
enum JSONLine {
    /// Names under which nothing is ever told, whatever it is.
    private static let secrets: Set = ["authorization", "cookie", "password", "secret", "token"]

    /// Names in their order, with values that are JSON; those within others follow theirs, joined by a dot.
    static func members(of metadata: Logger.Metadata, under prefix: String = "") -> [(String, String)] {
        metadata.sorted { $0.key < $1.key }.flatMap { key, value -> [(String, String)] in
            let name = prefix + key
            if secrets.contains(key.lowercased()) { return [(name, text("withheld"))] }
            if case .dictionary(let inner) = value { return members(of: inner, under: name + ".") }
            return [(name, json(value))]
        }
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let string): text(string)
        case .stringConvertible(let value): text("\(value)")
        case .array(let values): "[\(values.map(json).joined(separator: ","))]"
        case .dictionary(let inner):
            "{\(members(of: inner).map { "\(text($0)):\($1)" }.joined(separator: ","))}"
        }
    }

    static func text(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSONString(text)
        return String(buffer: buffer)
    }
}
