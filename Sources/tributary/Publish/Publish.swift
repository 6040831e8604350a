import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import TributaryClient
import TributaryProtocol
import TributaryRedis

/// `tributary publish`: hands one event to a hub, or to Redis.
struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish one event.",
        usage: "tributary publish <channel> <event> <json> [--project P] [--url URL | --redis URL] [options]",
        discussion: """
            The data is one JSON value, passed on byte for byte; - reads it from standard input. Prints the receipt as one \
            line of JSON: the event's id, if it has one, and whether the same --client-msg-id had been published before.

              tributary publish chat message.new '{"text":"hello"}'
              tributary publish jobs job.progress '{"id":7}' --redis redis://localhost
            """
    )

    @Argument(help: "Channel, such as chat or jobs.")
    var channel: String

    @Argument(help: "The event's type, such as message.new.")
    var event: String

    @Argument(help: "Data: one JSON value, or - for standard input.")
    var json: String

    @Option(help: ArgumentHelp("Project.", valueName: "P"))
    var project = ProjectID.default.rawValue

    @OptionGroup(title: "Where to")
    var hub: HubAddress

    @Option(
        help: ArgumentHelp("Publish through this Redis, as services do, in place of a hub's HTTP.", valueName: "URL"))
    var redis: String?

    @Option(help: ArgumentHelp("The hub's --redis-prefix, if it has one.", valueName: "NAME"))
    var redisPrefix: String?

    @Option(
        name: [.customLong("to"), .customLong("to-user")],
        help: ArgumentHelp("Only this user's streams receive the event.", valueName: "U"))
    var toUser: String?

    @Option(help: ArgumentHelp("The event's place in its project's timeline: a whole number from 1.", valueName: "N"))
    var id: String?

    @Option(
        help: ArgumentHelp(
            "The publisher's own key for this event, the same when it is published again: within 24 hours that counts once.",
            valueName: "KEY"))
    var clientMsgID: String?

    @Option(
        help: ArgumentHelp(
            "Where the event belongs in your trace, as W3C Trace Context has it: the hub's log and GET /explain name it.",
            valueName: "00-…"))
    var traceparent: String?

    func validate() throws {
        if redis != nil, hub.url != nil { throw ValidationError("--redis and --url exclude each other") }
        if redis != nil, hub.token != nil { throw ValidationError("--redis and --token exclude each other") }
        if redis == nil, redisPrefix != nil { throw ValidationError("--redis-prefix goes with --redis") }
    }

    func run() async throws {
        let event = try parsedEvent()
        let receipt = try await redis == nil ? publishOverHTTP(event) : publishThroughRedis(event)
        try Console.line("{\"id\":\(receipt.id.map(String.init) ?? "null"),\"duplicate\":\(receipt.duplicate)}")
    }

    private func parsedEvent() throws -> Event {
        let name = try EventName(event)
        guard !name.isReserved else { throw UsageError("\"\(event)\" is a name that only the hub itself gives") }
        let data = json == "-" ? FileHandle.standardInput.readDataToEndOfFile() : Data(json.utf8)
        guard data.withUnsafeBytes({ isJSON($0) }) else { throw UsageError("the data is not one JSON value in UTF-8") }
        return Event(
            channel: try TributaryProtocol.Channel(channel),
            project: try ProjectID(project),
            name: name,
            data: ByteBuffer(bytes: data),
            id: try id.map { text in
                guard let id = EventID(digits: text.utf8) else {
                    throw UsageError("--id: \"\(text)\" is not a whole number from 1 to \(EventID.maximum)")
                }
                return id
            },
            recipient: try toUser.map { try UserID($0) },
            clientMessageID: clientMsgID,
            trace: try traceparent.map { text in
                guard let trace = TraceParent(text) else {
                    throw UsageError("--traceparent: \"\(text)\" is not as W3C Trace Context has it")
                }
                return trace
            }
        )
    }

    private func publishOverHTTP(_ event: Event) async throws -> PublishReceipt {
        let url = try hub.resolved()
        let token = try hub.bearer()
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(5)))
        // A person waits for the answer: a port where nobody listens is told at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(configuration: configuration)
        do {
            let receipt = try await HTTPPublishTransport(url: url, token: token, httpClient: http).publish(event)
            try await http.shutdown()
            return receipt
        } catch {
            try? await http.shutdown()
            throw CommandFailure("not published to \(url.shown): \(Wording.of(error))")
        }
    }

    private func publishThroughRedis(_ event: Event) async throws -> PublishReceipt {
        let transport: RedisPublishTransport
        do {
            transport = try .redis(redis ?? "", prefix: redisPrefix)
        } catch {
            throw UsageError("--redis: \(error)")
        }
        do {
            let receipt = try await transport.publish(event)
            await transport.shutdown()
            return receipt
        } catch {
            await transport.shutdown()
            throw CommandFailure("not published: \(error)")
        }
    }
}
