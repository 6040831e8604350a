import Testing
import TributaryProtocol

@testable import TributaryCore

@Suite struct ProjectPresenceTests {
    /// One user's presence, whose changes an expectation may ask for.
    private final class Subject {
        let user: PresentUser
        var presence = ProjectPresence()

        init() throws {
            user = PresentUser(id: try UserID("u1"), type: "client")
        }

        func join(_ node: String, at now: UInt64) -> [PresenceState] {
            presence.join([user], on: node, now: now, lifetime: 45_000).map(\.status)
        }

        func leave(_ node: String, at now: UInt64, grace: UInt64 = 10_000) {
            presence.leave([user.id], on: node, now: now, grace: grace)
        }

        func set(_ status: PresenceState, at now: UInt64) -> (isThere: Bool, changes: [PresenceChange]) {
            presence.set(status, of: user.id, now: now)
        }

        func sweep(at now: UInt64) -> [PresenceChange] { presence.sweep(now: now) }
    }

    private let subject: Subject

    init() throws {
        subject = try Subject()
    }

    @Test func `a reload within the grace is silent, to the millisecond`() {
        #expect(subject.join("a", at: 1_000) == [.online])
        subject.leave("a", at: 2_000)
        #expect(subject.sweep(at: 12_000).isEmpty)
        #expect(subject.join("b", at: 12_000).isEmpty)
        subject.leave("b", at: 20_000)
        let change = PresenceChange(user: subject.user, status: .offline, lastSeen: 20_000, timestamp: 30_000)
        #expect(subject.sweep(at: 30_001) == [change])
        #expect(subject.presence.isEmpty)
        #expect(subject.sweep(at: 40_000).isEmpty)
    }

    @Test func `whoever comes back too late for a reload has been offline`() {
        #expect(subject.join("a", at: 1_000) == [.online])
        subject.leave("a", at: 2_000)
        #expect(subject.join("a", at: 12_001) == [.offline, .online])
        #expect(subject.sweep(at: 57_001).isEmpty)
        // A node that says nothing more is dead.
        #expect(subject.sweep(at: 57_002).map(\.timestamp) == [57_001])
    }

    @Test func `a node that leaves late does not make its word last`() {
        #expect(subject.join("a", at: 1_000) == [.online])
        subject.leave("a", at: 45_000)
        #expect(subject.sweep(at: 46_001).map(\.status) == [.offline])
        subject.leave("a", at: 46_002)
        #expect(subject.presence.isEmpty)
    }

    @Test func `one node's word is enough`() {
        #expect(subject.join("a", at: 0) == [.online])
        #expect(subject.join("b", at: 40_000).isEmpty)
        #expect(subject.sweep(at: 60_000).isEmpty)
        subject.leave("a", at: 60_000, grace: 1)
        #expect(subject.sweep(at: 70_000).isEmpty)
        #expect(subject.presence.members.map(\.status) == [.online])
        #expect(subject.set(.away, at: 85_001).isThere == false)
    }

    @Test func `changes of one moment have times of their own`() {
        #expect(subject.join("a", at: 7_000) == [.online])
        let times = [PresenceState.away, .online, .away].flatMap { subject.set($0, at: 7_000).changes }
        #expect(times.map(\.timestamp) == [7_001, 7_002, 7_003])
        #expect(times.map(\.lastSeen) == [7_000, 7_000, 7_000])
    }
}
