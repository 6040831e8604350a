import Foundation
import Glibc
import Histogram
import Synchronization

/// A server that does nothing but write: what the generator can read from it is the generator's own ceiling.
///
/// Runs on a thread of its own; the generator's thread tells it through atomics how much has arrived.
final class Sink: Sendable {
    let address: String
    private let listener: Int32
    private let streams: Int
    private let block: Int
    private let size: Int
    private let cores: Cores
    private let taken = Atomic<UInt64>(0)
    private let isStopped = Atomic(false)
    private let hasEnded = Atomic(false)

    /// Both ends of each connection are files of this process.
    static let maximumStreams = 8_000

    /// - Parameter block: events that each stream is sent at a time.
    init(streams: Int, block: Int, size: Int, cores: Cores) throws {
        let (descriptor, name) = try Socket.listen()
        listener = descriptor
        address = "http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))/"
        self.streams = streams
        self.block = block
        self.size = size
        self.cores = cores
        Thread.detachNewThread { [self] in
            cores.pin()
            serve()
            hasEnded.store(true, ordering: .releasing)
        }
    }

    /// Tells how much has arrived, in all.
    func note(taken count: UInt64) {
        taken.store(count, ordering: .releasing)
    }

    /// Ends the thread, once the streams are cut.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        shutdown(listener, Int32(SHUT_RDWR))
        while !hasEnded.load(ordering: .acquiring) { usleep(1_000) }
        close(listener)
    }

    private func serve() {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        while sockets.count < streams {
            let socket = accept(listener, nil, nil)
            guard socket >= 0 else { return }
            sockets.append(socket)
            var request = [UInt8](repeating: 0, count: 2_048)
            _ = recv(socket, &request, request.count, 0)
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
            _ = send(socket, head, head.utf8.count, Int32(MSG_NOSIGNAL))
        }
        var maker = MessageMaker(
            payload: PublishSpecification(way: .http, url: "").payload, body: Template("{payload}"), size: size)
        var round: UInt64 = 0
        var frames: [UInt8] = []
        while !isStopped.load(ordering: .acquiring) {
            // One block may be on its way while the next is written.
            if round > 1, taken.load(ordering: .acquiring) < UInt64(streams * block) * (round - 1) {
                sched_yield()
                continue
            }
            render(&frames, &maker, round)
            for socket in sockets where !write(frames, to: socket) { return }
            round += 1
        }
    }

    private func render(_ frames: inout [UInt8], _ maker: inout MessageMaker, _ round: UInt64) {
        frames.removeAll(keepingCapacity: true)
        let address = MessageAddress(project: "bench")
        for index in 0..<UInt64(block) {
            frames.append(contentsOf: "event: message.new\ndata: ".utf8)
            frames += maker.payload(address, sequence: round * UInt64(block) + index, time: Clock.now)
            frames.append(contentsOf: "\n\n".utf8)
        }
    }

    /// Waits for a socket that is full.
    private func write(_ bytes: [UInt8], to socket: Int32) -> Bool {
        var start = 0
        while start < bytes.count {
            let sent = bytes.withUnsafeBytes {
                send(socket, $0.baseAddress.map { $0 + start }, bytes.count - start, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            start += sent
        }
        return true
    }
}

extension Bench {
    /// Reads the sink's events as fast as they come.
    func measureCeiling(streams: Int, seconds: Double) throws -> RunFigures {
        guard streams <= Sink.maximumStreams else {
            throw BenchError("ceiling: at most \(Sink.maximumStreams) streams: both their ends are in one process")
        }
        var plan = plan
        plan.streams = streams
        plan.scenario = .ceiling
        let sink = try Sink(
            streams: streams, block: max(1, min(plan.inFlight, 64)), size: plan.size, cores: plan.serverCores)
        plan.target = try StreamTarget(url: sink.address)
        plan.publishing = nil
        plan.serverProcesses = []
        do {
            let figures = try read(sink, plan, seconds)
            sink.stop()
            return figures
        } catch {
            sink.stop()
            throw error
        }
    }

    private func read(_ sink: Sink, _ plan: BenchPlan, _ seconds: Double) throws -> RunFigures {
        let stage = try Stage(plan, interruption, Progress("ceiling", tell: tell)) { _ in 0 }
        try stage.open()
        try read(sink, stage, 0.5)
        stage.generator.book.pointee.latency.reset()
        let meter = Meter(stage)
        try read(sink, stage, seconds)
        meter.finish(stage)
        stage.noteStreams()
        stage.figures.published = nil
        return stage.figures
    }

    private func read(_ sink: Sink, _ stage: Stage, _ seconds: Double) throws {
        let deadline = Clock.now + seconds.nanoseconds
        while Clock.now < deadline {
            try stage.turn(milliseconds: 10)
            sink.note(taken: stage.deliveries)
        }
    }
}
