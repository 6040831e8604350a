import Foundation
import TributaryRedis

/// What `serve` says when it listens: where, who may come in, and what to try next.
struct Greeting {
    let options: ServeOptions
    let node: String
    /// The port that the system chose, where the options say 0.
    let port: Int
    /// How this command was called, so that what is shown can be pasted.
    var command = CommandName.current

    var lines: [String] {
        [
            "Tributary \(Tributary.version) listens on \(url(options.hostname)), \(relay), node \(node)",
            access,
            "Try in two other terminals:",
            "  curl -N '\(url(reachable))/stream?channels=chat,jobs'",
            "  \(command) publish chat message.new '{\"text\":\"hello\"}' --url \(quoted(url(reachable)))",
        ]
    }

    private var relay: String {
        guard let redis = options.redis else {
            return options.data.map { "durable events kept in \($0)" } ?? "events stay in this process"
        }
        // Without user and password.
        return (try? RedisConfiguration(url: redis)).map { "events through \($0)" } ?? "events through Redis"
    }

    private var access: String {
        options.auth == nil
            ? "No authentication: everybody on this machine may read and publish everything."
            : "WARNING: no authentication (--auth none): everybody who can reach this address may read and publish everything."
    }

    /// An address to connect to: "all addresses" is none.
    private var reachable: String {
        switch options.hostname {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: options.hostname
        }
    }

    private func url(_ host: String) -> String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Brackets mean something to some shells.
    private func quoted(_ url: String) -> String {
        url.contains("[") ? "'\(url)'" : url
    }
}
