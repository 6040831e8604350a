import ArgumentParser
import Foundation
import TributaryClient
import TributaryProtocol
import UnixSignals

/// `tributary listen`: shows the events of a stream.
struct Listen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the events of a stream.",
        discussion: """
            One line per event on standard output; what happens to the connection goes to standard error. Reconnects where \
            it left off until it is interrupted, which is exit code 0. The hub's refusal is exit code 1.

              tributary listen --channels chat,jobs
              tributary listen --channels all --project p1 --json | jq .data
            """
    )

    @Option(help: ArgumentHelp("What to read: names with commas between them, or all.", valueName: "LIST"))
    var channels: String = "all"

    @Option(help: ArgumentHelp("Project.", valueName: "P"))
    var project = ProjectID.default.rawValue

    @Option(help: ArgumentHelp("Who reads. (default: whose --token it is, or this machine's address)", valueName: "U"))
    var user: String?

    @OptionGroup(title: "Where from")
    var hub: HubAddress

    @Option(
        help: ArgumentHelp("Begin after this id; 0 is the oldest kept. (default: with what comes next)", valueName: "N")
    )
    var from: String?

    @Flag(help: "One JSON object per line: event, id if it has one, data.")
    var json = false

    @Option(help: ArgumentHelp("End after so many events.", valueName: "N"))
    var count: Int?

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count: \(count) is not a whole number from 1") }
    }

    func run() async throws {
        ProcessLimits.ignoreBrokenPipes()
        let url = try hub.resolved()
        var configuration = TributaryClientConfiguration()
        // A day: a pager such as `less` reads on when its user does.
        configuration.stallLimit = .seconds(86_400)
        let client = TributaryClient(
            url: url,
            project: try ProjectID(project),
            channels: try parsedChannels(),
            user: try user.map { try UserID($0) },
            token: try hub.bearer(),
            from: try from.map { text in
                guard let cursor = UInt64(digits: text.utf8) else {
                    throw UsageError("--from: \"\(text)\" is not a whole number from 0 to \(EventID.maximum)")
                }
                return cursor
            },
            configuration: configuration
        )
        try await ListenSession(
            client: client,
            address: url.shown,
            isJSON: json,
            limit: count,
            palette: .forTerminal(STDOUT_FILENO, environment: ProcessInfo.processInfo.environment)
        ).run()
    }

    private func parsedChannels() throws -> Set<Channel>? {
        if channels == "all" { return nil }
        return Set(try channels.split(separator: ",", omittingEmptySubsequences: false).map { try Channel($0) })
    }
}
