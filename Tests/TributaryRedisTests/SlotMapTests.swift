import NIOCore
import Testing

@testable import TributaryRedis

@Suite struct SlotMapTests {
    private let asked = RedisHost(name: "10.0.0.9", port: 7_000)

    /// The values are `CLUSTER KEYSLOT`'s.
    @Test(arguments: [
        ("123456789", 12_739), ("", 0), ("{p1}", 11_819), ("tributary:{p1}:log:chat", 11_819), ("chat:{p1}", 11_819),
        ("p1", 11_819), ("{}x", 10_595), ("a{b{c}d}e", 15_725), ("{user1000}.following", 3_443),
    ])
    func `keys have the slots that Redis gives them`(_ key: String, _ slot: Int) {
        #expect(HashSlot.of(key) == slot)
        #expect(HashSlot.of(ByteBuffer(string: key).readableBytesView) == slot)
    }

    @Test func `slots have owners, whoever answered`() throws {
        let map = try SlotMap(slots(("a", 1, 0...99), ("", 2, 100...200), ("c", 3, 16_000...16_383)), asked: asked)
        #expect(map.owner(of: 0) == RedisHost(name: "a", port: 1))
        #expect(map.owner(of: 100) == RedisHost(name: "10.0.0.9", port: 2))
        #expect(map.owner(of: 16_383) == RedisHost(name: "c", port: 3))
        #expect(map.owner(of: 201) == nil)
        #expect(map.masters.map(\.port) == [2, 1, 3])
        let same = try SlotMap(
            slots(("c", 3, 16_000...16_383), ("a", 1, 0...99), ("10.0.0.9", 2, 100...200)), asked: asked)
        #expect(map == same)
    }

    @Test func `a slot moves`() throws {
        var map = try SlotMap(slots(("a", 1, 0...16_383)), asked: asked)
        map.move(7, to: RedisHost(name: "b", port: 2))
        #expect(map.owner(of: 7)?.name == "b" && map.owner(of: 8)?.name == "a")
        #expect(map.masters.map(\.name) == ["a", "b"])
    }

    @Test func `what is no slot map is refused`() {
        for reply: RESPValue in [
            .null, .array([]), .array([.integer(1)]), slots(("a", 1, 0...16_384)), slots(("a", 0, 0...1)),
        ] {
            #expect(throws: RedisError.self) { try SlotMap(reply, asked: asked) }
        }
    }

    @Test func `redirections are read, answers are not`() {
        func redirect(_ text: String) -> ClusterRedirect? {
            ClusterRedirect(RedisError(serverText: text), asked: asked)
        }
        #expect(redirect("MOVED 3999 127.0.0.1:6381") == .moved(slot: 3_999, RedisHost(name: "127.0.0.1", port: 6_381)))
        #expect(redirect("MOVED 3999 :6381") == .moved(slot: 3_999, RedisHost(name: "10.0.0.9", port: 6_381)))
        #expect(redirect("ASK 1 ::1:6381") == .ask(RedisHost(name: "::1", port: 6_381)))
        for text in ["TRYAGAIN x", "CLUSTERDOWN Hash slot not served", "LOADING x"] {
            #expect(redirect(text) == .later)
        }
        for text in ["ERR x", "MOVED x", "MOVED 16384 a:1", "MOVED 1 a:0", "NOPERM x", "CROSSSLOT x"] {
            #expect(redirect(text) == nil)
        }
        #expect(ClusterRedirect(RedisError.closed, asked: asked) == nil)
    }

    @Test func `commands go by their first key`() {
        let slot = HashSlot.of("p1")
        for command in [
            RedisCommand("FCALL", "f", "1", "{p1}", "x"), RedisCommand("EVALSHA", "s", "2", "a:{p1}", "b"),
            RedisCommand("eval", "text", "1", "{p1}"), RedisCommand("SPUBLISH", "chat:{p1}", "x"),
            RedisCommand("HMGET", .bytes(ByteBuffer(string: "tributary:{p1}:meta")), "a"),
        ] { #expect(command.slot == slot, "\(command)") }
        for command in [
            RedisCommand("FCALL", "f", "0", "{p1}"), RedisCommand("EVALSHA", "s", "0"), RedisCommand("PING"),
            RedisCommand("PUBLISH", "chat:{p1}", "x"), RedisCommand("TIME"), RedisCommand("SCRIPT", "LOAD", "x"),
            RedisCommand("MULTI"), RedisCommand(arguments: []),
        ] { #expect(command.slot == nil, "\(command)") }
    }

    private func slots(_ ranges: (String, Int, ClosedRange<Int>)...) -> RESPValue {
        .array(
            ranges.map { name, port, slots in
                .array([
                    .integer(Int64(slots.lowerBound)), .integer(Int64(slots.upperBound)),
                    .array([.bulk(name), .integer(Int64(port)), .bulk("id")]),
                    .array([.bulk("replica"), .integer(9), .bulk("id")]),
                ])
            })
    }
}
