import Foundation
import Logging
import TributaryCore
import TributaryServer

/// What `tributary serve` can be told. Defaults serve this machine alone, with memory inside the process.
///
/// A new option is a property here and a row in ``Setting/all``: flag, environment variable, key of the file, `--help`
/// and its checks follow from the row.
struct ServeOptions: Equatable, Sendable {
    var hostname = "127.0.0.1"
    /// 0 takes any free port.
    var port = 8080
    /// The URL of Redis; `nil` is memory inside this process.
    var redis: String?
    /// What stands before keys and pub/sub names in Redis, so that hubs can share one.
    var redisPrefix: String?
    /// How often the relay proves to itself that pub/sub is alive.
    var probeSeconds = 10
    /// The file that a hub without Redis keeps its log in; `nil` is memory.
    var data: String?
    /// A catalog of the operator's in place of the bundled one.
    var catalog: String?
    /// Who may read and publish; `nil` is everybody on this machine.
    var auth: [ServerConfiguration.Authentication]?
    var jwt = JWTConfiguration()
    var signature = SignatureConfiguration()
    var application = ApplicationConfiguration()
    var publishing = PublishingConfiguration()
    var browsers = BrowserConfiguration()
    var transport = TransportConfiguration()
    /// What operators show; `nil` is no operators.
    var adminToken: BearerToken?
    /// Streams on this node; `nil` is what the limit of open files leaves.
    var maxStreams: Int?
    /// Streams of a user in a project, on all nodes; 0 is no limit.
    /// 5: a few browsers and an app; a browser profile needs one.
    var maxStreamsPerUser = 5
    var overLimit = StreamLimit.Policy.evict
    /// Streams from one address on this node; 0 is no limit. 1,000: an office behind one address, not a flood.
    var maxStreamsPerAddress = 1_000
    /// Streams that one address may open in a second; 0 is no limit. 200: that office comes back within seconds.
    var connectsPerSecondPerAddress = 200
    /// How old a stream may get, ±10 %; 0 is no limit.
    var maxStreamAgeSeconds = 0
    /// Silence after which a stream that asked for nothing else gets a heartbeat.
    /// 25 s: below the 30 s idle timeout of common proxies.
    var heartbeatSeconds = 25
    /// How long a subscription outlives its last stream: a page reload costs nothing, a short absence loses nothing.
    var lingerSeconds = 60
    /// What a project's tail may hold for slow streams, per event loop.
    var tailBytes = 1 << 20
    var replayLimit = 200
    /// How long a shutdown takes its streams to leave.
    var drainSeconds = 10
    /// Event loops.
    var threads = ProcessInfo.processInfo.activeProcessorCount
    /// The node's name in `connected` frames and `/stats`; `nil` is the host's name and four random characters.
    var node: String?
    var logLevel = Logger.Level.info
    var logFormat = LogFormat.text
    /// Publish a sample feed into the project `default`.
    var demo = false
}
