import Foundation
import Glibc
import Histogram

/// A process that holds streams for a bench that needs more of them than one process can have files.
///
/// It opens what it was ordered to, reads, says once a second on standard output how it stands, and ends when its standard input
/// does.
public struct StreamHolder: Sendable {
    /// What is held. Travels as JSON on the command line.
    public struct Order: Sendable, Codable {
        var url: String
        var streams: Int
        var firstNumber: Int
        var marker: String
        var sources: [String]
        var window: Int
    }

    /// How it stands.
    struct Report: Codable, Equatable {
        var opened = 0
        var failed = 0
        var ended = 0
        var deliveries = 0
        var repeated = 0
        var heartbeats = 0
        /// Publish to read, nanoseconds.
        var slowest: UInt64 = 0
        var failure: String?
    }

    private let order: Order

    /// - Throws: ``BenchError`` for what is no order.
    public init(json: String) throws {
        guard let order = try? JSONDecoder().decode(Order.self, from: Data(json.utf8)) else {
            throw BenchError("this is no order")
        }
        self.order = order
    }

    /// Holds the streams, on the calling thread, until standard input ends.
    public func run(_ interruption: Interruption) throws {
        let generator = try Generator(
            try StreamTarget(url: order.url),
            .init(
                streams: order.streams, projects: ["bench-0"], marker: order.marker,
                sources: try order.sources.isEmpty
                    ? [] : SourceAddresses(order.sources.joined(separator: ",")).addresses,
                firstNumber: order.firstNumber, interruption: interruption))
        var told: UInt64 = 0
        func tell(_ always: Bool = false) {
            let now = Clock.now
            guard always || now - told > 1_000_000_000 else { return }
            told = now
            write(generator)
        }
        try generator.open(0..<order.streams, window: order.window) { tell() }
        tell(true)
        while !hasInputEnded {
            try generator.turn(milliseconds: 100)
            tell()
        }
    }

    private func write(_ generator: Generator) {
        var report = Report()
        let book = generator.book.pointee
        report.opened = generator.opened
        report.failed = generator.failed
        report.ended = book.ended
        report.deliveries = Int(book.deliveries)
        report.heartbeats = Int(book.comments)
        report.slowest = book.latency.max
        for index in 0..<order.streams { report.repeated += Int(generator.streams[index].check.repeated) }
        report.failure = generator.failure
        guard let line = try? JSONEncoder().encode(report) else { return }
        FileHandle.standardOutput.write(line + [0x0A])
    }

    private var hasInputEnded: Bool {
        var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 0) == 1
    }
}
