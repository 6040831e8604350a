import ArgumentParser
import Foundation
import TributaryProtocol
import TributaryServer

/// `tributary token`: makes a JSON Web Token for a hub with `--auth jwt`.
struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a JSON Web Token, for development and scripts.",
        usage: "tributary token --user U [--project P] [--channels LIST] [--publish LIST] [--ttl TIME] [options]",
        discussion: """
            Signs with the hub's --jwt-secret (HS256) and prints the token alone. Lists have commas in between; '*' is all.

              export TRIBUTARY_JWT_SECRET=$(openssl rand -hex 32)
              tributary serve --auth jwt &
              curl -N -H "Authorization: Bearer $(tributary token --user u1 --project p1 --channels chat,jobs)" \
            'http://127.0.0.1:8080/stream?project_id=p1'

            A token that may publish: --publish chat,jobs on these channels any event; --publish chat --publish-events \
            'message.*,typing.start' only these.
            """
    )

    @Option(help: ArgumentHelp("Whose token it is (sub).", valueName: "U"))
    var user: String

    @Option(
        name: [.customLong("project"), .customLong("projects")],
        help: ArgumentHelp("Its projects; may be given several times. (default: default)", valueName: "LIST"))
    var projects: [String] = []

    @Option(help: ArgumentHelp("Channels that it may read. (default: all)", valueName: "LIST"))
    var channels: String?

    @Option(help: ArgumentHelp("Channels that it may publish on. (default: none)", valueName: "LIST"))
    var publish: String?

    @Option(help: ArgumentHelp("Events that it may publish there. (default: any)", valueName: "LIST"))
    var publishEvents: String?

    @Flag(help: "It is an operator's too: it may see and close streams.")
    var admin = false

    @Option(help: ArgumentHelp("How long it holds: 30s, 15m, 1h, 7d.", valueName: "TIME"))
    var ttl = Lifetime.hour

    @Option(
        help: ArgumentHelp(
            "The hub's --jwt-secret; of two, the first. Better in the environment. (TRIBUTARY_JWT_SECRET)",
            valueName: "SECRET"))
    var secret: String?

    @Option(help: ArgumentHelp("The hub's --jwt-audience (aud). (TRIBUTARY_JWT_AUDIENCE)", valueName: "NAME"))
    var audience: String?

    @Option(help: ArgumentHelp("The hub's --jwt-issuer (iss). (TRIBUTARY_JWT_ISSUER)", valueName: "NAME"))
    var issuer: String?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        try Console.line(try await token(environment).signed(with: try signingSecret(environment)))
    }

    /// What is to be signed. `serve`'s own variables say for whom it is, so that the hub takes what was made beside it.
    ///
    /// - Throws: ``UsageError`` or `InvalidName` for what no hub would take.
    func token(_ environment: [String: String]) throws -> NewToken {
        let projects = try projects.flatMap { try Self.list($0, of: "--project") }
        for name in projects where name != "*" { _ = try ProjectID(name) }
        var token = NewToken(
            user: try UserID(user), projects: projects.isEmpty ? [ProjectID.default.rawValue] : projects,
            lifetimeSeconds: ttl.seconds
        )
        token.channels = try channels.map { try Self.channels($0, of: "--channels") }
        token.publishChannels = try publish.map { try Self.channels($0, of: "--publish") }
        guard publish != nil || publishEvents == nil else { throw UsageError("--publish-events goes with --publish") }
        token.publishEvents = try publishEvents.map { text in
            let events = try Self.list(text, of: "--publish-events")
            for name in events where name != "*" { _ = try EventName(name) }
            return events
        }
        token.isAdmin = admin
        token.audience = audience ?? environment.given("TRIBUTARY_JWT_AUDIENCE")
        token.issuer = issuer ?? environment.given("TRIBUTARY_JWT_ISSUER")
        return token
    }

    private func signingSecret(_ environment: [String: String]) throws -> JWTSecret {
        let source = secret == nil ? "TRIBUTARY_JWT_SECRET" : "--secret"
        guard let text = secret ?? environment.given("TRIBUTARY_JWT_SECRET") else {
            throw UsageError("give the hub's secret: TRIBUTARY_JWT_SECRET, or --secret")
        }
        do {
            return try JWTSecret(String(text.prefix { $0 != "," }))
        } catch {
            throw UsageError("\(source): \(error)")
        }
    }

    private static func channels(_ text: String, of option: String) throws -> [String] {
        let names = try list(text, of: option)
        for name in names where name != "*" { _ = try TributaryProtocol.Channel(name) }
        return names
    }

    private static func list(_ text: String, of option: String) throws -> [String] {
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard names.allSatisfy({ !$0.isEmpty }) else { throw UsageError("\(option): a name in the list is empty") }
        return names
    }
}

extension [String: String] {
    /// An empty variable counts as not set.
    fileprivate func given(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}
