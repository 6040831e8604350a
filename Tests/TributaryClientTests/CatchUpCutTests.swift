import NIOConcurrencyHelpers
import Testing
import TributaryClient
import TributaryProtocol
import TributaryTesting

/// A timeline of which a hub replays little, over connections that break anywhere.
@Suite(.timeLimit(.minutes(1))) struct CatchUpCutTests {
    /// As the log has them: some ids came late.
    private static let log = [1, 2, 3, 7, 5, 4, 8, 9, 12, 10, 11, 15, 13, 14, 16, 17, 20, 19, 18, 21, 22, 23, 24, 25]
    /// Those that were there when the streams began; the others come live.
    private static let known = 20

    /// The whole answer to a request.
    private static func answer(_ request: HostileRequest) -> String {
        if request.path == "/history" {
            let rest = behind(request.query["after"])
            let page = rest.prefix(3)
            let body = Frame.history(page, more: rest.count > 3, latest: 25)
            return "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        }
        let rest = behind(request.cursor)
        // What was published before this stream opened; a cursor beyond gets the rest live.
        let missed = rest.dropLast(min(rest.count, log.count - known))
        var frames = Frame.connected(from: request.cursor.flatMap { Int($0) }, latest: 21) + "retry: 1\n\n"
        let replayed = missed.prefix(2)
        frames += replayed.map { Frame.message($0, name: "message.replay") }.joined()
        let last = replayed.last ?? request.cursor.flatMap { Int($0) } ?? 0
        let isCapped = replayed.count < missed.count
        frames += Frame.replayEnd(last: last, replayed: replayed.count, more: isCapped)
        if isCapped { frames += Frame.gap(from: last + 1, to: missed.max()) }
        frames += rest.dropFirst(missed.count).map { Frame.message($0) }.joined() + Frame.end
        return HostileConnection.streamHead + frames
    }

    private static func behind(_ cursor: String?) -> ArraySlice<Int> {
        let after = log.firstIndex { String($0) == cursor }
        return log[(after.map { $0 + 1 } ?? 0)...]
    }

    @Test func `whatever is cut, each event comes once and in the log's order`() async throws {
        try await HostileServer.run { connection in
            // The project names the seed; each has its own sequence of cuts.
            let seed = UInt64(connection.request.query["project_id"] ?? "") ?? 0
            var random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(Self.attempt(of: seed)))
            let answer = Array(Self.answer(connection.request).utf8)
            if Int.random(in: 0..<4, using: &random) > 0 {
                return try await connection.send(answer[..<Int.random(in: 0...answer.count, using: &random)])
            }
            try await connection.send(answer)
            if connection.request.path == "/stream" { connection.hang() }
        } _: { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seed in 1...300 {
                    if seed > 8 { try await group.next() }
                    group.addTask {
                        let client = try TributaryClient(
                            url: server.url, project: "\(seed)", from: 0, configuration: .quick
                        )
                        let gaps = Recorder<Received<Gap>>()
                        client.on(Gap.self) { gaps.append($0) }
                        let events = try await client.collect()
                        #expect(events.compactMap { $0.id.flatMap { Int($0) } } == Self.log, "seed \(seed)")
                        #expect(gaps.values.isEmpty, "seed \(seed)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private static let attempts = NIOLockedValueBox<[UInt64: Int]>([:])

    private static func attempt(of seed: UInt64) -> Int {
        attempts.withLockedValue { attempts in
            attempts[seed, default: 0] += 1
            return attempts[seed, default: 0]
        }
    }
}
