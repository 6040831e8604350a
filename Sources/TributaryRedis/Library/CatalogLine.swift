import TributaryProtocol

/// The line of the function library that says what one prefix' catalog calls durable, and how much is kept of it.
///
/// Its form belongs to the library's code: an older hub puts its line into a newer one's library.
struct CatalogLine: Equatable, Sendable {
    /// `catalogs["staging"]`: what tells it from other prefixes' lines.
    let key: String
    let revision: Int
    /// Of everything else that the line says.
    let hash: String
    let text: String

    init(_ catalog: Catalog, prefix: String?) {
        let body = Self.body(of: catalog)
        key = "catalogs[\(Self.quote(prefix ?? ""))]"
        revision = catalog.document.revision ?? 0
        hash = Self.hash(of: body)
        text = "\(key)={revision=\(revision),hash=\(Self.quote(hash)),\(body)}"
    }

    /// `nil` for any other line.
    init?(_ line: some StringProtocol) {
        guard line.hasPrefix(#"catalogs[""#) else { return nil }
        let parts = line.split(separator: "]={revision=", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let rest = parts[1].split(separator: ",", maxSplits: 1)
        guard let revision = rest.first.flatMap({ Int($0) }), rest.count == 2, rest[1].hasPrefix(#"hash=""#) else {
            return nil
        }
        key = parts[0] + "]"
        self.revision = revision
        hash = String(rest[1].dropFirst(6).prefix { $0 != "\"" })
        text = String(line)
    }

    // MARK: Lua

    private static func body(of catalog: Catalog) -> String {
        let channels = catalog.channels.indices.map { table(of: $0, in: catalog) }
        let names = catalog.channels.indices.flatMap { index in
            catalog.names(of: index).map { "[\(quote($0.name))]=\(quote(catalog.channels[index].name))" }
        }
        return [
            "maximum=\(Envelope.maximumBytes)",
            "ttl=\(timeToLive(catalog))",
            "names={\(names.joined(separator: ","))}",
            "channels={\(channels.joined(separator: ","))}",
            "events={\(flags(of: anyChannelsEvents(catalog)))}",
            "families={\(families(of: catalog).joined(separator: ","))}",
        ].joined(separator: ",")
    }

    /// Seconds: a project's own keys outlive each of its logs by far, so that what is gone is known to have been there.
    static func timeToLive(_ catalog: Catalog) -> Int {
        2 * (catalog.retention.map(\.ageSeconds).max() ?? 0) + 86_400
    }

    private static func table(of index: Int, in catalog: Catalog) -> String {
        let keep = catalog.retention[index]
        let channel = catalog.document.channels[index]
        let events = channel.events.filter { !$0.isFamily }
        var listed: [String: String] = [:]
        for event in events {
            for name in event.names where !name.hasSuffix(".*") { listed[name] = flag(event) }
        }
        for event in events {
            if let replay = event.replay { listed[replay] = listed[replay] ?? flag(event) }
        }
        return "[\(quote(channel.name))]={durable=\(channel.durable),count=\(keep.count),age=\(keep.ageSeconds),"
            + "bytes=\(keep.bytes),events={\(flags(of: listed))}}"
    }

    /// Events by name whatever their channel: the first that lists a name counts, a replay name only if nothing does.
    private static func anyChannelsEvents(_ catalog: Catalog) -> [String: String] {
        let events = catalog.document.channels.flatMap(\.events)
        var all: [String: String] = [:]
        for event in events {
            for name in event.names where !name.hasSuffix(".*") { all[name] = all[name] ?? flag(event) }
        }
        for event in events {
            if let replay = event.replay { all[replay] = all[replay] ?? flag(event) }
        }
        return all
    }

    /// The longest prefix first.
    private static func families(of catalog: Catalog) -> [String] {
        let families = catalog.document.channels.flatMap { channel in
            channel.events.flatMap { event in
                event.names.filter { $0.hasSuffix(".*") }.map { ($0.dropLast(), channel.name, flag(event)) }
            }
        }
        return families.sorted { $0.0.utf8.count > $1.0.utf8.count }
            .map { "{\(quote(String($0.0))),\(quote($0.1)),\($0.2)}" }
    }

    private static func flag(_ event: Catalog.EventEntry) -> String {
        event.durable.map(String.init) ?? #""channel""#
    }

    private static func flags(of events: [String: String]) -> String {
        events.sorted { $0.key < $1.key }.map { "[\(quote($0.key))]=\($0.value)" }.joined(separator: ",")
    }

    /// A Lua string of one line, whatever the text, and without the bracket that ends a line's key.
    private static func quote(_ text: String) -> String {
        let bytes = text.utf8.map { byte -> String in
            let isPlain = (0x20...0x7E).contains(byte) && !"\"\\]".utf8.contains(byte)
            guard !isPlain else { return String(UnicodeScalar(byte)) }
            let digits = String(byte)
            return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }
        return "\"\(bytes.joined())\""
    }

    /// FNV-1a, 64 bits: tells catalogs apart, and guards nothing.
    private static func hash(of text: String) -> String {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}

extension Catalog.EventEntry {
    fileprivate var names: [String] { [name] + (aliases ?? []) }
    fileprivate var isFamily: Bool { name.hasSuffix(".*") }
}
