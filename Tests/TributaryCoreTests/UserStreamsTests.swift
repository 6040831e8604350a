import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct UserStreamsTests {
    private let owner: StreamOwner
    private let minute: UInt64 = 60_000_000

    init() throws {
        owner = StreamOwner(user: try UserID("u1"), project: .default)
    }

    private func stream(_ instance: Int? = nil) throws -> RegisteredStream {
        RegisteredStream(
            id: ConnectionID(), owner: owner, instance: try instance.map { try ClientInstanceID("i\($0)") }, node: "a",
            channels: ["chat"])
    }

    @Test func `a clock that stands still or goes back gives later times all the same`() throws {
        var streams = UserStreams(lifetime: minute)
        let limit = StreamLimit(maximum: 3)
        var ids: [ConnectionID] = []
        for now in [5_000, 5_000, 4_000, 100] as [UInt64] {
            let stream = try stream()
            ids.append(stream.id)
            guard case .accepted(let connectedAt, let displaced) = streams.register(stream, limit: limit, now: now)
            else { throw CancellationError() }
            #expect(connectedAt == 5_000 + UInt64(ids.count - 1))
            #expect(displaced.map(\.id) == (ids.count == 4 ? [ids[0]] : []))
        }
        #expect(streams.streams(now: 5_000).map(\.id) == ids.suffix(3))
    }

    @Test func `a stream lives exactly as long as it is believed`() throws {
        var streams = UserStreams(lifetime: minute)
        _ = streams.register(try stream(1), limit: StreamLimit(maximum: 1), now: 1_000)
        streams.sweep(now: minute + 999)
        #expect(streams.count == 1)
        #expect(streams.streams(now: minute + 1_000).isEmpty)
        streams.sweep(now: minute + 1_000)
        #expect(streams.isEmpty)
        // Its client instance went with it.
        let outcome = streams.register(try stream(1), limit: StreamLimit(maximum: 1, policy: .reject), now: 2 * minute)
        #expect(outcome == .accepted(connectedAt: 2 * minute, displaced: []))
    }

    @Test func `silence counts from a missed refresh on`() throws {
        for (silence, leaving) in [(24_000_000 as UInt64, 0), (24_000_001, 1)] {
            var streams = UserStreams(lifetime: minute)
            var all: [RegisteredStream] = []
            for number in 0..<2 {
                all.append(try stream())
                _ = streams.register(all[number], limit: StreamLimit(maximum: 2), now: 100 + UInt64(number))
            }
            // The older one was refreshed, the newer one not.
            let refreshed = streams.refresh([all[0]], limit: StreamLimit(maximum: 2), now: 10_000_000)
            #expect(refreshed.isEmpty)
            guard
                case .accepted(_, let displaced) = streams.register(
                    try stream(), limit: StreamLimit(maximum: 2), now: 101 + silence)
            else { throw CancellationError() }
            #expect(displaced.map(\.id) == [all[leaving].id])
        }
    }

    @Test(arguments: 0..<20)
    func `whatever happens, the limit holds and no newer stream leaves for an older one`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var streams = UserStreams(lifetime: minute)
        var now: UInt64 = 1_000_000_000
        let maximum = Int.random(in: 1...4, using: &generator)
        let limit = StreamLimit(maximum: maximum)
        var known: [RegisteredStream] = []
        for _ in 0..<500 {
            now += UInt64.random(in: 0...4_000_000, using: &generator)
            let before = streams.streams(now: now)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0...2:
                var new = try stream(Bool.random(using: &generator) ? Int.random(in: 0..<6, using: &generator) : nil)
                guard case .accepted(let connectedAt, let displaced) = streams.register(new, limit: limit, now: now)
                else { throw CancellationError() }
                new.connectedAt = connectedAt
                #expect(before.allSatisfy { $0.connectedAt < connectedAt })
                check(displaced, before, streams.streams(now: now), now: now)
                known.append(new)
            case 3, 4:
                let some = known.shuffled(using: &generator).prefix(Int.random(in: 1...5, using: &generator))
                let displaced = streams.refresh(Array(some), limit: limit, now: now)
                let after = streams.streams(now: now)
                for stream in some {
                    #expect(after.contains { $0.id == stream.id } || displaced.contains { $0.id == stream.id })
                }
                let stay = after.map(\.connectedAt).min() ?? 0
                for displacement in displaced where displacement.reason == .evicted {
                    #expect((before + some).first { $0.id == displacement.id }?.connectedAt ?? .max < stay)
                }
            default:
                if let gone = known.randomElement(using: &generator) { streams.remove(gone.id) }
            }
            let after = streams.streams(now: now)
            #expect(after.count <= maximum)
            #expect(after.count == streams.count)
            #expect(Set(after.compactMap(\.instance)).count == after.compactMap(\.instance).count)
            known = known.suffix(12)
        }
    }

    /// Of those that left for the limit, none that was alive is newer than one that stayed.
    private func check(
        _ displaced: [Displacement], _ before: [RegisteredStream], _ after: [RegisteredStream], now: UInt64
    ) {
        for displacement in displaced where displacement.reason == .evicted {
            guard let left = before.first(where: { $0.id == displacement.id }) else {
                Issue.record("\(displacement.id) was not there")
                continue
            }
            let isAlive = left.refreshedAt + 24_000_000 >= now
            #expect(!isAlive || after.allSatisfy { $0.connectedAt > left.connectedAt })
        }
    }
}
