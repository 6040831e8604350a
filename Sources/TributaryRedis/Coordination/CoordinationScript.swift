/// The scripts by which nodes share what they know, each one atomic step. A hub brings its own: they are not part of the
/// function library, so that hubs of two versions do not get in each other's way.
enum CoordinationScript: CaseIterable {
    case register, refresh, remove, list
    case join, leave, set, sweep, members
    case beat, leaveNodes

    var text: String { Self.texts[self] ?? "" }

    private static let texts = Dictionary(
        uniqueKeysWithValues: allCases.map { script in
            (script, script.parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n"))
        })

    private var parts: [[UInt8]] {
        switch self {
        case .register: [PackageResources.streams_lua, PackageResources.stream_register_lua]
        case .refresh: [PackageResources.streams_lua, PackageResources.stream_refresh_lua]
        case .remove: [PackageResources.streams_lua, PackageResources.stream_remove_lua]
        case .list: [PackageResources.streams_lua, PackageResources.stream_list_lua]
        case .join: [PackageResources.presence_lua, PackageResources.presence_join_lua]
        case .leave: [PackageResources.presence_lua, PackageResources.presence_leave_lua]
        case .set: [PackageResources.presence_lua, PackageResources.presence_set_lua]
        case .sweep: [PackageResources.presence_lua, PackageResources.presence_sweep_lua]
        case .members: [PackageResources.presence_lua, PackageResources.presence_list_lua]
        case .beat: [PackageResources.node_beat_lua]
        case .leaveNodes: [PackageResources.node_leave_lua]
        }
    }
}
