import Foundation
import TributaryRedis
import TributaryServer

/// What `serve` says when it listens: where, who may come in, and what to try next.
struct Greeting {
    let options: ServeOptions
    let node: String
    /// The port that the system chose, where the options say 0.
    let port: Int
    /// The port of the operators, where they have one of their own.
    var adminPort: Int?
    /// How this command was called, so that what is shown can be pasted.
    var command = CommandName.current

    var lines: [String] {
        [
            "Tributary \(Tributary.version) listens on \(url(options.hostname)), \(relay), node \(node)",
            access,
        ] + operators + trial + pages
    }

    /// What a browser may open: the live page, where somebody may see it, and the demo.
    private var pages: [String] {
        let isOpen = options.auth == nil || options.adminToken != nil || options.auth?.contains(.jwt) == true
        let page = url(options.transport.adminHostname ?? reachable, adminPort)
        return (isOpen ? ["Look at it: \(page)/"] : []) + (options.demo ? ["A small chat: \(url(reachable))/demo"] : [])
    }

    /// What to try next. Where tokens are asked for, with one that this command makes; without their secret it cannot.
    private var trial: [String] {
        guard options.auth?.contains(.jwt) == true else {
            return [
                "Try in two other terminals:",
                "  curl -N '\(url(reachable))/stream?channels=chat,jobs'",
                "  \(command) publish chat message.new '{\"text\":\"hello\"}' --url \(quoted(url(reachable)))",
            ]
        }
        return [
            "Try in two other terminals, where TRIBUTARY_JWT_SECRET is the hub's:",
            "  TOKEN=$(\(command) token --user ada --publish '*')",
            "  curl -N \"\(url(reachable))/stream?channels=chat,jobs&token=$TOKEN\"",
            "  \(command) publish chat message.new '{\"text\":\"hello\"}' --url \"\(url(reachable))?token=$TOKEN\"",
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
        switch options.auth {
        case nil: "No authentication: everybody on this machine may read and publish everything."
        case [.disabled]?:
            "WARNING: no authentication (--auth none): everybody who can reach this address may read and publish everything."
        case let methods?: "Everybody is asked who they are: \(methods.map(\.rawValue).joined(separator: ", "))."
        }
    }

    /// An address to connect to: "all addresses" is none.
    private var reachable: String {
        switch options.hostname {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: options.hostname
        }
    }

    private var operators: [String] {
        adminPort.map { ["Operators and figures: \(url(options.transport.adminHostname ?? options.hostname, $0))"] }
            ?? []
    }

    private func url(_ host: String, _ other: Int? = nil) -> String {
        let scheme = options.transport.certificatePath == nil ? "http" : "https"
        return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(other ?? port)"
    }

    /// Brackets mean something to some shells.
    private func quoted(_ url: String) -> String {
        url.contains("[") ? "'\(url)'" : url
    }
}
