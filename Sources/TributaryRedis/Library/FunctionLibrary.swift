import TributaryProtocol

/// The text of the Redis function library `tributary`: its code, and a line for the catalog of each prefix whose hubs share
/// the Redis, because a function's name is one for all of them.
struct FunctionLibrary: Equatable, Sendable {
    static let name = "tributary"
    /// Counts the editions of the Lua code; of two that meet in one Redis the higher one stays. One more with each change.
    static let currentCode = 4

    var code: Int
    var body: String
    /// By ``CatalogLine/key``.
    var catalogs: [String: CatalogLine]

    /// This hub's code, with its own catalog alone.
    ///
    /// - Parameter isCluster: in a cluster the library publishes to the shard of the project's slot, and looks there whether
    ///   listeners live.
    init(_ own: CatalogLine, isCluster: Bool = false) {
        code = Self.currentCode
        body = "local is_cluster = \(isCluster)\n" + Self.currentBody
        catalogs = [own.key: own]
    }

    /// Reads the text of a library; `nil` if it is not one of ours.
    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 3, lines[0] == Self.header, lines[1].hasPrefix(Self.codeLine),
            lines[2] == Self.catalogsLine,
            let code = Int(lines[1].dropFirst(Self.codeLine.utf8.count))
        else { return nil }
        self.code = code
        let catalogs = lines.dropFirst(3).prefix { $0.hasPrefix("catalogs[") }
        body = lines.dropFirst(3 + catalogs.count).joined(separator: "\n")
        self.catalogs = [:]
        for line in catalogs.compactMap({ CatalogLine($0) }) { self.catalogs[line.key] = line }
    }

    var text: String {
        let lines = catalogs.values.sorted { $0.key < $1.key }.map(\.text)
        return ([Self.header, "\(Self.codeLine)\(code)", Self.catalogsLine] + lines + [body]).joined(separator: "\n")
    }

    private static let header = "#!lua name=\(name)"
    private static let codeLine = "local code = "
    private static let catalogsLine = "local catalogs = {}"

    private static let currentBody = [
        PackageResources.project_lua, PackageResources.append_lua, PackageResources.publish_lua,
        PackageResources.record_lua, PackageResources.listen_lua, PackageResources.register_lua,
    ].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
}
