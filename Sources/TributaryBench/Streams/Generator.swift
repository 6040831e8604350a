import CLinux
import Glibc
import Histogram

/// Opens streams and reads them, all on the thread that made it.
///
/// The way of an event costs no allocation: bytes are read into one buffer, scanned there, counted and forgotten.
final class Generator {
    /// What the generator is to hold, beside the target.
    struct Configuration {
        var streams: Int
        /// Sequences that are published; each has a project of its own.
        var projects: [String]
        /// Which sequence a stream listens to.
        var lane: (_ stream: Int) -> Int = { _ in 0 }
        var channels = "chat"
        var marker: String
        /// Where streams are connected from, in turn; none is the bench's own choice.
        var sources: [in_addr] = []
        /// The first stream's number, in URLs.
        var firstNumber = 0
        var keepsIDs = false
        /// Where the system says that a stop is wanted.
        var interruption: Interruption
    }

    let configuration: Configuration
    let epoll: Epoll
    let address: sockaddr_in
    let sources: [in_addr]
    let host: String
    let path: Template
    let headers: [Template]
    /// The id to resume after is a header, not part of the URL.
    let resumesByHeader: Bool
    let streams: UnsafeMutablePointer<StreamState>
    let book: UnsafeMutablePointer<Book>
    let scanner: UnsafeMutablePointer<FrameScanner>
    /// One read goes here.
    var buffer: UnsafeMutableRawBufferPointer
    /// How many streams listen to each sequence.
    let counts: [Int]
    /// Streams with a request on its way.
    var unanswered = 0
    var opened = 0
    var failed = 0
    /// Why the first of those that failed did.
    var failure: String?
    var publisher: Publisher?

    static let publisherToken = UInt64.max
    private static let bufferSize = 1 << 18

    init(_ target: StreamTarget, _ configuration: Configuration) throws {
        self.configuration = configuration
        let parts = try target.parts
        address = try Socket.resolve(parts.host, port: parts.port)
        let isLoopback = UInt32(bigEndian: address.sin_addr.s_addr) >> 24 == 127
        sources =
            configuration.sources.isEmpty && isLoopback
            ? SourceAddresses.loopback(for: configuration.streams).addresses : configuration.sources
        host = parts.port == 80 ? parts.host : "\(parts.host):\(parts.port)"
        path = parts.path
        headers = target.headers
        resumesByHeader = !parts.path.fields.contains("last_id")
        epoll = try Epoll()
        streams = .allocate(capacity: configuration.streams)
        var counts = [Int](repeating: 0, count: configuration.projects.count)
        for index in 0..<configuration.streams {
            let lane = configuration.lane(index)
            (streams + index).initialize(to: StreamState(lane: lane))
            counts[lane] += 1
        }
        self.counts = counts
        book = .allocate(capacity: 1)
        book.initialize(to: Book(lanes: counts.count))
        scanner = .allocate(capacity: 1)
        scanner.initialize(to: FrameScanner(marker: configuration.marker))
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 16)
    }

    deinit {
        for index in 0..<configuration.streams {
            if streams[index].socket >= 0 { Socket.cut(streams[index].socket) }
            streams[index].deallocate()
        }
        book.pointee.flight.deallocate()
        streams.deinitialize(count: configuration.streams).deallocate()
        book.deinitialize(count: 1).deallocate()
        scanner.deinitialize(count: 1).deallocate()
        buffer.deallocate()
    }

    // MARK: One turn

    /// Waits for the sockets at most so long, and reads what is there.
    ///
    /// - Throws: ``BenchError`` if a stop was asked for, or the publisher lost its connection.
    func turn(milliseconds: Int32) throws {
        guard !configuration.interruption.isRequested else { throw BenchError.interrupted }
        var publisherIsReady = false
        epoll.wait(milliseconds: milliseconds) { token, state in
            if token == Self.publisherToken {
                publisherIsReady = true
            } else {
                ready(Int(token), state)
            }
        }
        if publisherIsReady { try publisher?.ready(epoll) }
    }

    @inline(__always)
    private func ready(_ index: Int, _ state: Epoll.State) {
        if streams[index].phase == .connecting {
            send(index)
        } else if read(index) || state.isEnding {
            // There may be more than was read: what it was named for is named once.
            while read(index) || (state.isEnding && streams[index].phase != .closed) {}
        }
    }
}
