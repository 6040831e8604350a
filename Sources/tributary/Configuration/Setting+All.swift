import Logging
import TributaryCore
import TributaryServer

extension Setting {
    /// Every option of `serve`, in the order of `--help` and of the README's table.
    static let all: [Setting] =
        general + jwt + signature + application + publishing + browsers + transport + limits

    private static let general: [Setting] = [
        .text(
            "hostname", \.hostname, placeholder: "ADDRESS", defaultText: "127.0.0.1",
            help: "Address to listen on. One that other machines reach needs --auth, in so many words.",
            check: notEmpty
        ),
        .integer(
            "port", \.port, in: 0...65_535, placeholder: "PORT",
            help: "Port to listen on; 0 takes any free one."
        ),
        .text(
            "redis", \.redis, placeholder: "URL", defaultText: "none",
            help: """
                Redis that carries events between hubs and from publishers: redis://[user:password@]host[:port][/database], \
                rediss:// for TLS, unix:///path/to/socket, redis+sentinel://host[:port],…/master-name, \
                redis+cluster://host[:port],…. Without it, events stay inside this process.
                """,
            isSecret: true,
            check: redisURL
        ),
        .text(
            "redis-prefix", \.redisPrefix, placeholder: "NAME", defaultText: "none",
            help: "Stands before pub/sub names as NAME:, so that several hubs can share one Redis.",
            check: identifier(limit: 64)
        ),
        .integer(
            "probe-seconds", \.probeSeconds, in: 1...300, placeholder: "N",
            help:
                "How often the hub sends itself a message through Redis, to notice a connection that is silently dead."
        ),
        .text(
            "data", \.data, placeholder: "FILE", defaultText: "none",
            help: """
                File (SQLite) that a hub without Redis keeps durable events in: what it acknowledged, it has after a \
                restart. Made if it is not there; one hub at a time.
                """,
            check: notEmpty
        ),
        .text(
            "catalog", \.catalog, placeholder: "FILE", defaultText: "bundled",
            help: "Channels and events (JSON) in place of the bundled Protocols/catalog.json.",
            check: notEmpty
        ),
        .text(
            "auth", \.auth, placeholder: "MODE", defaultText: "none, loopback only",
            help: """
                How callers prove who they are: jwt, signature and application, with commas between them, tried in this order; \
                or `none`, and everybody who can reach the address may read and publish.
                """,
            check: authentication
        ),
        .text(
            "admin-token", \.adminToken, placeholder: "TOKEN", defaultText: "none: no operators",
            help: """
                What operators send as `Authorization: Bearer TOKEN` to see and close streams: 16 characters or more. Better in \
                the environment than on the command line, which everybody on the machine can read.
                """,
            isSecret: true,
            check: bearerToken
        ),
    ]

    private static let limits: [Setting] = [
        .optionalInteger(
            "max-streams", \.maxStreams, in: 1...10_000_000, placeholder: "N",
            defaultText: "95 % of the open files allowed, less 256",
            help: "Streams on this node; above it, streams are refused with 503."
        ),
        .integer(
            "max-streams-per-user", \.maxStreamsPerUser, in: 0...100_000, placeholder: "N",
            help: "Streams of a user in a project, on all nodes; 0 is no limit."
        ),
        .text(
            "over-limit", \.overLimit, placeholder: "POLICY", defaultText: "evict",
            help: """
                What happens to a stream that is one too many for its user: `evict` accepts it and closes the one that was \
                silent longest, `reject` refuses it with 429.
                """,
            check: choice
        ),
        .integer(
            "max-streams-per-address", \.maxStreamsPerAddress, in: 0...10_000_000, placeholder: "N",
            help: "Streams from one address on this node, but for loopback; 0 is no limit."
        ),
        .integer(
            "connects-per-second-per-address", \.connectsPerSecondPerAddress, in: 0...1_000_000, placeholder: "N",
            help: "Streams that one address may open in a second on this node, but for loopback; 0 is no limit."
        ),
        .integer(
            "max-stream-age-seconds", \.maxStreamAgeSeconds, in: 0...2_592_000, placeholder: "N",
            help: "How old a stream may get, give or take 10 %, before its client has to come back; 0 is no limit."
        ),
        .integer(
            "heartbeat-seconds", \.heartbeatSeconds, in: 5...60, placeholder: "N",
            help: "Silence after which a stream gets a heartbeat, unless it asks for another time."
        ),
        .integer(
            "linger-seconds", \.lingerSeconds, in: 0...3_600, placeholder: "N",
            help: "How long a project's channel stays subscribed after its last stream."
        ),
        .integer(
            "tail-bytes", \.tailBytes, in: 1 << 16...1 << 30, placeholder: "N",
            help: "What a project may keep in memory for its slow streams, per thread."
        ),
        .integer(
            "replay-limit", \.replayLimit, in: 1...10_000, placeholder: "N",
            help: "How many missed events a stream is sent when it resumes; GET /history has the rest."
        ),
        .integer(
            "drain-seconds", \.drainSeconds, in: 0...600, placeholder: "N",
            help: "How long a shutdown takes to send its streams away."
        ),
        .integer(
            "threads", \.threads, in: 1...1_024, placeholder: "N", defaultText: "number of cores",
            help: "Event loops."
        ),
        .text(
            "node", \.node, placeholder: "NAME", defaultText: "host name and a random suffix",
            help: "This hub's name in `connected` frames and in /stats.",
            check: identifier(limit: 128)
        ),
        .text(
            "log-level", \.logLevel, placeholder: "LEVEL", defaultText: "info",
            help: "What goes to standard error: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).",
            check: choice
        ),
        .text(
            "log-format", \.logFormat, placeholder: "FORMAT", defaultText: "text",
            help: "How it looks there: `text`, or `json` with one object a line.",
            check: choice
        ),
        .flag(
            "demo", \.demo,
            help: "Publish a sample feed on five channels of the project `default`, and serve a small chat at /demo."
        ),
    ]
}
