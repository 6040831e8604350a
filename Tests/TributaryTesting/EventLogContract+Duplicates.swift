import struct NIOCore.ByteBuffer
import Testing
import TributaryCore
import TributaryProtocol

extension EventLogContract {
    func deduplicates(_ session: EventLogSession) async throws {
        let first = try #require(try await session.publish(.chat, data: "1", key: "k").id)
        #expect(try await session.publish(.chat, data: "2", key: "k") == PublishReceipt(id: first, duplicate: true))
        // Under another event name it is the same key.
        #expect(try await session.publish(.chat, "other", key: "k") == PublishReceipt(id: first, duplicate: true))
        // Elsewhere it is another one.
        #expect(try await session.publish(.jobs, key: "k").duplicate == false)
        let private1 = try await session.publish(.chat, to: "u1", key: "k")
        #expect(!private1.duplicate)
        #expect(try await session.publish(.chat, to: "u2", key: "k").duplicate == false)
        #expect(try await session.publish(.chat, key: "K").duplicate == false)
        #expect(
            try await session.publish(.chat, to: "u1", key: "k") == PublishReceipt(id: private1.id, duplicate: true)
        )
        let other = try ProjectID("p2")
        #expect(try await session.publish(.chat, id: 8, key: "k", project: other).duplicate == false)
        // The key decides, whatever the id.
        #expect(
            try await session.publish(.chat, id: 9, key: "k", project: other)
                == PublishReceipt(id: 8, duplicate: true)
        )
        _ = try await session.heard(6)
        #expect(try await session.readAll().count == 5)
    }

    func keepsUsersKeysApart(_ session: EventLogSession) async throws {
        let anybody = try await session.publish(.chat, key: "k")
        let ada = try await session.publish(.chat, key: "k", from: "ada")
        let bob = try await session.publish(.chat, key: "k", from: "bob")
        #expect([anybody, ada, bob].allSatisfy { !$0.duplicate } && Set([anybody.id, ada.id, bob.id]).count == 3)
        #expect(try await session.publish(.chat, key: "k", from: "ada") == PublishReceipt(id: ada.id, duplicate: true))
        #expect(try await session.publish(.chat, key: "k") == PublishReceipt(id: anybody.id, duplicate: true))
        // What it is to, and what it is called, cannot be mixed up with whose it is.
        for (sender, recipient, key) in [
            (nil, "ada", "k"), ("ada", "ada", "k"), ("ada", "bob", "k"), ("a", nil, "da:k"), ("a>b", nil, "k"),
            ("a", "b", "k"), (nil, "a>b", "k"), ("a:b", nil, "k"), ("a", nil, "b:k"), ("a%3Ab", nil, "k"),
            ("a{b}|é", nil, "k"),
        ] as [(String?, String?, String)] {
            let first = try await session.publish(.chat, to: recipient, key: key, from: sender)
            #expect(!first.duplicate, "\(sender ?? "-") \(recipient ?? "-") \(key)")
            let again = try await session.publish(.chat, to: recipient, key: key, from: sender)
            #expect(again == PublishReceipt(id: first.id, duplicate: true))
        }
        try await session.publish(.chat, "typing.start", key: "t", from: "ada")
        #expect(try await session.publish(.chat, "typing.start", key: "t", from: "bob").duplicate == false)
        #expect(try await session.publish(.chat, "typing.start", key: "t", from: "ada").duplicate)
        // The key is published as the client gave it, and the sender is not.
        for heard in try await session.heard(16) {
            #expect(["k", "da:k", "b:k", "t"].contains(heard.envelope.clientMessageID))
            #expect(!String(buffer: heard.bytes).contains("sender"))
        }
    }

    func deduplicatesEphemeral(_ session: EventLogSession) async throws {
        #expect(try await session.publish(.chat, "typing.start", key: "k") == PublishReceipt(id: nil, duplicate: false))
        #expect(try await session.publish(.chat, "typing.start", key: "k") == PublishReceipt(id: nil, duplicate: true))
        #expect(
            try await session.publish(.presence, "presence.changed", key: "k")
                == PublishReceipt(id: nil, duplicate: false))
        #expect(
            try await session.publish(.presence, "presence.changed", key: "k")
                == PublishReceipt(id: nil, duplicate: true))
        _ = try await session.heard(2)
    }

    func deduplicatesInParallel(_ session: EventLogSession) async throws {
        let receipts = try await withThrowingTaskGroup(of: PublishReceipt.self) { group in
            for _ in 0..<20 { group.addTask { try await session.publish(.chat, key: "k") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(receipts.map(\.id)).count == 1)
        #expect(receipts.filter { !$0.duplicate }.count == 1)
        _ = try await session.heard(1)
    }

    func forgetsKeys(_ session: EventLogSession) async throws {
        let day: UInt64 = 24 * 3_600 * 1_000_000
        let began = Instant.microseconds
        try await session.setTime(began)
        let first = try #require(try await session.publish(.chat, key: "k").id)
        try await session.publish(.chat, "typing.start", key: "t")
        try await session.setTime(began + day - 1_000_000)
        #expect(try await session.publish(.chat, key: "k") == PublishReceipt(id: first, duplicate: true))
        #expect(try await session.publish(.chat, "typing.start", key: "t").duplicate)
        try await session.setTime(began + day + 1_000_000)
        #expect(try await session.publish(.chat, key: "k").duplicate == false)
        #expect(try await session.publish(.chat, key: "k").duplicate)
        #expect(try await session.publish(.chat, "typing.start", key: "t").duplicate == false)
        _ = try await session.heard(4)
    }
}
