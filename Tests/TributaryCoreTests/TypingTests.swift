import NIOCore
import NIOConcurrencyHelpers
import NIOEmbedded
import Testing
import TributaryProtocol

@testable import TributaryCore

@Suite struct TypingTests {
    private func typist(_ name: String) throws -> TypingUsers.Typist {
        TypingUsers.Typist(owner: StreamOwner(user: try UserID(name), project: .default), type: "client")
    }

    @Test func `who says nothing more has stopped, once`() throws {
        var users = TypingUsers(limit: 10, time: .seconds(6))
        let (ada, bob) = (try typist("ada"), try typist("bob"))
        let start = NIODeadline.uptimeNanoseconds(1)
        #expect(users.start(ada, now: start) == nil)
        #expect(users.start(bob, now: start + .seconds(1)) == nil)
        #expect(users.start(ada, now: start + .seconds(4)) == nil)
        #expect(users.expire(now: start + .seconds(6)) == [])
        #expect(users.expire(now: start + .seconds(7)) == [bob])
        #expect(users.deadline == start + .seconds(10))
        #expect(users.expire(now: start + .seconds(10)) == [ada])
        #expect(users.expire(now: start + .seconds(20)) == [] && users.deadline == nil)
    }

    @Test func `who has said that it stopped does not stop again`() throws {
        var users = TypingUsers(limit: 10, time: .seconds(6))
        let start = NIODeadline.uptimeNanoseconds(1)
        _ = users.start(try typist("ada"), now: start)
        users.stop(try typist("ada").owner)
        users.stop(try typist("bob").owner)
        #expect(users.expire(now: start + .seconds(6)) == [])
    }

    @Test func `where too many type, the one who said it longest ago has stopped`() throws {
        var users = TypingUsers(limit: 3, time: .seconds(6))
        let start = NIODeadline.uptimeNanoseconds(1)
        for name in ["a", "b", "c", "a"] { _ = users.start(try typist(name), now: start) }
        #expect(users.start(try typist("d"), now: start) == (try typist("b")))
        // Nobody is forgotten, however often it is said.
        for _ in 0..<100 { _ = users.start(try typist("a"), now: start) }
        #expect(users.count == 3)
        let expired = Set(users.expire(now: start + .seconds(6)).map(\.owner.user.rawValue))
        #expect(expired == ["a", "c", "d"])
    }

    /// Two nodes, by their registrars' messages.
    @Test func `a user who goes on at another node has not stopped at the first`() throws {
        let nodes = try [Node { $0.node = "n1" }, Node { $0.node = "n2" }]
        let stopped = NIOLockedValueBox<[String]>([])
        let typing = nodes.map { Typing(eventLoop: $0.loop, milliseconds: 6_000) }
        for (index, node) in nodes.enumerated() {
            let own = typing[index]
            node.registrar.typedElsewhere = { own.stop($0) }
            own.expire = { typist in stopped.withLockedValue { $0.append("\(typist.owner.user) at \(index)") } }
        }
        func say(at index: Int, isTyping: Bool = true) throws {
            let ada = try typist("ada")
            if isTyping { typing[index].start(ada.owner, type: ada.type) } else { typing[index].stop(ada.owner) }
            nodes[index].registrar.tellTyping(ada.owner)
            for node in nodes { node.loop.run() }
            for message in nodes[index].relay.told.map(\.message) {
                for node in nodes { node.intake.relayHeard(message) }
            }
            nodes[index].relay.told = []
            for node in nodes { node.loop.run() }
        }
        func wait(_ milliseconds: Int) { for node in nodes { node.advance(milliseconds: milliseconds) } }

        try say(at: 0)
        wait(4_000)
        try say(at: 1)
        wait(5_999)
        #expect(stopped.withLockedValue { $0 } == [])
        wait(1)
        #expect(stopped.withLockedValue { $0 } == ["ada at 1"])
        // It stops at the other node.
        try say(at: 0)
        try say(at: 1, isTyping: false)
        wait(20_000)
        #expect(stopped.withLockedValue { $0.count } == 1)
    }
}
