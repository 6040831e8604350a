import TributaryProtocol

/// The names of a project's keys in Redis, as the function library makes them; `Library/project.lua` says what they hold.
struct LogKeys {
    private let base: String

    init(_ project: ProjectID, prefix: String?) {
        base = "\(prefix ?? "tributary"):{\(project.rawValue)}"
    }

    var meta: String { "\(base):meta" }
    var late: String { "\(base):late" }
    var listeners: String { "\(base):listeners" }

    func log(_ channel: TributaryProtocol.Channel) -> String { "\(base):log:\(channel.name)" }
}
