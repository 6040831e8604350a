import class NIOCore.EventLoopFuture
import Testing
import TributaryCore
import TributaryProtocol

extension CoordinationContract {
    func joins(_ session: CoordinationSession) async throws {
        _ = try await session.one.join(
            [PresentUser(id: UserID("u1"), type: "advisor")], of: session.project, on: "a"
        ).get()
        // A refresh, the other node's word, and another word for the same user.
        try await session.join("u1")
        try await session.join("u1", on: "b")
        try await session.join("u2", on: "b")
        try await session.expectTold("u1 online", "u2 online")
        let told = try session.told()[0]
        #expect(told.userType == "advisor")
        #expect(told.projectID == "p1")
        let members = try await session.other.members(of: session.project).get()
        #expect(try session.time(told.timestamp) == Double(members[1].changedAt))
        #expect(try session.time(told.lastSeen) == session.time(told.timestamp))
        // The node has said it again since, which changed nothing.
        #expect(members[1].lastSeen >= members[1].changedAt)
        try await session.eventually("it is seen later") {
            try await session.join("u1")
            let member = try await session.other.members(of: session.project).get()[1]
            return member.lastSeen > members[1].lastSeen && member.changedAt == members[1].changedAt
        }
    }

    func rejoins(_ session: CoordinationSession) async throws {
        try await session.join("u1")
        for _ in 0..<3 {
            try await session.leave("u1")
            try await session.sweep()
            try await session.join("u1", on: "b")
            try await session.leave("u1", on: "b")
            try await session.join("u1")
        }
        try await session.expectTold("u1 online")
    }

    func leaves(_ session: CoordinationSession) async throws {
        try await session.join("u1")
        try await session.join("u1", on: "b")
        try await session.join("u2", "u3")
        try await session.leave("u1", "u2", "unknown")
        try await session.leave("u3", on: "b")
        try await session.eventually("one is gone") {
            try await session.sweep()
            return try session.told().contains { $0.userID == "u2" && $0.status == .offline }
        }
        try await session.expectTold("u1 online", "u2 online", "u3 online", "u2 offline")
        // The last node has said that it has no stream of the user.
        try await session.leave("u1", on: "b")
        try await session.eventually("the other is gone") {
            try await session.sweep()
            return try session.told().contains { $0.userID == "u1" && $0.status == .offline }
        }
        try await session.sweep()
        try await session.expectTold("u1 online", "u2 online", "u3 online", "u2 offline", "u1 offline")
        let told = try session.told()
        let online = try #require(told.first { $0.userID == "u2" })
        let offline = try #require(told.last { $0.userID == "u2" })
        #expect(offline.userType == "client")
        #expect(try session.time(offline.timestamp) >= session.time(online.timestamp) + 100)
        #expect(try session.time(offline.lastSeen) < session.time(offline.timestamp))
    }

    func noticesDeadNodes(_ session: CoordinationSession) async throws {
        try await session.join("u1", "u2", on: "dead")
        try await session.join("u2", "u3")
        try await session.eventually("one node's user is gone") {
            try await session.join("u2", "u3")
            try await session.sweep()
            return try session.told().contains { $0.status == .offline }
        }
        try await session.join("u2", "u3")
        try await session.expectTold("u1 online", "u2 online", "u3 online", "u1 offline")
    }

    func sets(_ session: CoordinationSession) async throws {
        let (user, nobody) = (try UserID("u1"), try UserID("u2"))
        #expect(try await session.one.set(.away, of: user, in: session.project).get() == false)
        try await session.join("u1")
        for status in [PresenceState.online, .away, .away, .online, .away] {
            #expect(try await session.other.set(status, of: user, in: session.project).get())
        }
        #expect(try await session.one.set(.away, of: nobody, in: session.project).get() == false)
        // Whoever says so on another device is not online for it.
        try await session.join("u1", on: "b")
        try await session.expectTold("u1 online", "u1 away", "u1 online", "u1 away")
        #expect(try session.told()[1].userType == "client")
        let members = try await session.one.members(of: session.project).get().filter { $0.user.id == user }
        #expect(members.map(\.status) == [.away])
    }

    func comesBack(_ session: CoordinationSession) async throws {
        let user = try UserID("u1")
        for round in 1...6 {
            try await session.join("u1")
            for status in [PresenceState.away, .online, .away] {
                #expect(try await session.one.set(status, of: user, in: session.project).get())
            }
            try await session.leave("u1")
            let left = Instant.now.milliseconds
            // It is noticed by whoever looks, by what the user says, or only as it comes back.
            try await session.eventually("it is gone") {
                switch round % 3 {
                case 0: return Instant.now.milliseconds > left + 200
                case 1: return try await !session.other.set(.away, of: user, in: session.project).get()
                default:
                    try await session.sweep()
                    return try session.told().filter { $0.status == .offline }.count == round
                }
            }
        }
        try await session.join("u1")
        let round = ["u1 online", "u1 away", "u1 online", "u1 away", "u1 offline"]
        try await session.recorder.wait(for: "all") { $0.messageCount >= 31 }
        let told = try session.told()
        #expect(told.map { "\($0.userID) \($0.status.rawValue)" } == (0..<6).flatMap { _ in round } + ["u1 online"])
        let times = try told.map { try session.time($0.timestamp) }
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 }, "\(times)")
    }

    func lists(_ session: CoordinationSession) async throws {
        #expect(try await session.one.members(of: session.project).get().isEmpty)
        try await session.join("u2", "u1", "u3")
        _ = try await session.one.set(.away, of: UserID("u3"), in: session.project).get()
        let members = try await session.other.members(of: session.project).get()
        #expect(members.map(\.user.id.rawValue) == ["u1", "u2", "u3"])
        #expect(members.map(\.status) == [.online, .online, .away])
        #expect(members.allSatisfy { $0.user.type == "client" && $0.changedAt > 0 })
        #expect(try await session.one.members(of: ProjectID("p2")).get().isEmpty)
        try await session.leave("u1")
        try await session.eventually("it is not listed") {
            try await session.other.members(of: session.project).get().map(\.user.id.rawValue) == ["u2", "u3"]
        }
        try await session.expectTold("u2 online", "u1 online", "u3 online", "u3 away", "u1 offline")
    }

    func isWiped(_ session: CoordinationSession) async throws {
        let (one, two) = (
            PresentUser(id: try UserID("u1"), type: "client"), PresentUser(id: try UserID("u2"), type: "client")
        )
        #expect(try await !session.one.join([one], of: session.project, on: "a").get())
        #expect(try await session.other.join([two], of: session.project, on: "b").get())
        #expect(try await session.one.leave([one.id], of: session.project, on: "a").get())
        try await session.fixture.wipe()
        #expect(try await !session.one.leave([one.id], of: session.project, on: "a").get())
        #expect(try await !session.other.join([two], of: session.project, on: "b").get())
        #expect(try await session.other.join([two], of: session.project, on: "b").get())
        #expect(try await session.one.members(of: session.project).get().map(\.user) == [two])
    }

    func joinsMany(_ session: CoordinationSession) async throws {
        let users = try (0..<1_000).map { PresentUser(id: try UserID("u\($0 + 1_000)"), type: "client") }
        let join = session.one.join(users, of: session.project, on: "a")
        // While the call is on its way.
        let leave = session.one.leave([users[900].id], of: session.project, on: "a")
        #expect(try await !join.get())
        #expect(try await leave.get())
        try await session.eventually("one is not there") {
            let members = try await session.other.members(of: session.project).get()
            return members.map(\.user) == users.prefix(900) + users.suffix(99)
        }
        _ = try await session.one.leave(users.map(\.id), of: session.project, on: "a").get()
        try await session.eventually("nobody is there") {
            try await session.other.members(of: session.project).get().isEmpty
        }
        // What is told comes on another way than the answers; the one that left early may have been told of or not.
        try await session.eventually("all who were told to have come are told to be gone") {
            let told = try session.told()
            return told.count >= 2 * 999 && told.count == 2 * told.count { $0.status == .offline }
        }
        let offline = try session.told().filter { $0.status == .offline }
        #expect(offline.count == Set(offline.map(\.userID)).count)
    }

    func tellsAwkwardNames(_ session: CoordinationSession) async throws {
        let names = ["auth0|5f", "a+b@c.de", "{x}", "a:b", "日本", "a b", #"""#, #"\u0041"#, "a/b", "%7Bx%7D"]
        let users = try names.map { PresentUser(id: try UserID($0), type: "\($0) type") }
        _ = try await session.one.join(users, of: session.project, on: #"a "b" 日"#).get()
        #expect(try await session.other.set(.away, of: users[6].id, in: session.project).get())
        let expected = users.map { "\($0.id) online \($0.type)" } + ["\(users[6].id) away \(users[6].type)"]
        try await session.recorder.wait(for: "all") { $0.messageCount >= expected.count }
        #expect(try session.told().map { "\($0.userID) \($0.status.rawValue) \($0.userType ?? "-")" } == expected)
        let members = try await session.other.members(of: session.project).get()
        #expect(Set(members.map(\.user)) == Set(users))
    }
}
