import struct NIOCore.ByteBuffer
import Testing
import TributaryCore
import TributaryProtocol

extension EventLogContract {
    func assignsIDs(_ session: EventLogSession) async throws {
        let began = Instant.microseconds
        try await session.fixture.setTime?(began)
        var last = began - 1
        for number in 0..<50 {
            let receipt = try await session.publish(number.isMultiple(of: 3) ? .jobs : .chat)
            let id = try #require(receipt.id)
            #expect(id > last)
            #expect(!receipt.duplicate)
            last = id
        }
    }

    func chains(_ session: EventLogSession) async throws {
        var random = SeededGenerator(seed: 1)
        let channels: [Channel] = [.chat, .jobs, .presence, .few]
        var ids: [UInt64?] = []
        var model = LogModel()
        var expected: [Placement] = []
        for _ in 0..<300 {
            // `presence` has no durable events here: it must leave no trace in the chain.
            let channel = channels[Int.random(in: 0..<channels.count, using: &random)]
            let receipt = try await session.publish(channel, channel == .presence ? "presence.changed" : "message.new")
            ids.append(receipt.id)
            if let id = receipt.id.flatMap(EventID.init) { expected.append(model.add(id, in: channel)) }
        }
        let heard = try await session.heard(300)
        #expect(heard.map(\.envelope.id?.rawValue) == ids)
        #expect(heard.compactMap(\.envelope.placement?.sorted) == expected)
    }

    func publishesExactly(_ session: EventLogSession) async throws {
        let before = Instant.now.milliseconds
        try await session.fixture.setTime?(before * 1_000)
        let data = #"{ "text" : "ä€🦆\u0041\n", "n":1.50e+3,"deep":[[[{}]]] }"#
        let name = #"quote"back\slash/é"#
        let key = "k\u{1}\t\"\\é"
        let trace = try #require(TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        let receipt = try await session.publish(
            .jobs, name, data: data, to: #"auth0|5f "x"\é"#, key: key, trace: trace)
        let message = try #require(try await session.heard(1).first)
        #expect(message.topic == Topic(channel: .jobs, project: session.project))
        let envelope = message.envelope
        #expect(envelope.event.rawValue == name)
        #expect(envelope.recipient?.rawValue == #"auth0|5f "x"\é"#)
        #expect(envelope.clientMessageID == key)
        #expect(envelope.trace == trace)
        #expect(envelope.id?.rawValue == receipt.id)
        #expect((envelope.timestamp ?? 0) >= before)
        let start = message.bytes.readerIndex + envelope.data.lowerBound
        #expect(message.bytes.getString(at: start, length: envelope.data.count) == data)
        let entries = try await session.readAll()
        #expect(entries.map(\.envelope) == [message.bytes])
        #expect(entries.map(\.id) == [envelope.id])
        #expect(entries.map(\.position) == [envelope.placement?.position])
        #expect(entries.allSatisfy { $0.channel == .jobs && $0.timestamp >= before })
    }

    func addressesUsers(_ session: EventLogSession) async throws {
        var model = LogModel()
        var expected: [Placement] = []
        for user in [nil, "u1", "u2", nil] {
            let id = try #require(try await session.publish(.chat, to: user).id.flatMap(EventID.init))
            expected.append(model.add(id, in: .chat))
        }
        let heard = try await session.heard(4)
        #expect(heard.map(\.envelope.recipient?.rawValue) == [nil, "u1", "u2", nil])
        #expect(heard.map(\.envelope.placement?.sorted) == expected)
        #expect(try await session.readAll().map(\.envelope) == heard.map(\.bytes))
    }

    func resolvesAliases(_ session: EventLogSession) async throws {
        let first = try #require(try await session.publish(.jobs).id)
        try await session.publish(try Channel("job"))
        let heard = try await session.heard(2)
        #expect(heard.map(\.topic.channel) == [.jobs, .jobs])
        #expect(heard.last?.envelope.placement?.previous?.rawValue == first)
        #expect(try await session.readAll([.jobs]).map(\.channel) == [.jobs, .jobs])
    }

    func passesEphemeralOn(_ session: EventLogSession) async throws {
        let trace = try #require(TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        #expect(
            try await session.publish(.chat, "typing.start", trace: trace) == PublishReceipt(id: nil, duplicate: false))
        #expect(try await session.publish(.presence, "presence.changed", id: 7).id == nil)
        let heard = try await session.heard(2)
        #expect(heard.allSatisfy { $0.envelope.id == nil && $0.envelope.placement == nil })
        #expect(heard.allSatisfy { $0.envelope.trace == ($0.topic.channel == .chat ? trace : nil) })
        #expect(try await session.everything().entries.isEmpty)
        // An own id that was ignored decides nothing about the owner.
        #expect(try await session.publish(.chat).id != nil)
    }

    func takesOwnIDs(_ session: EventLogSession) async throws {
        var random = SeededGenerator(seed: 2)
        let channels: [Channel] = [.chat, .jobs, .brief]
        // Shuffled within a window, as a database's sequence numbers are by transactions in parallel; some come twice.
        let ids = (1...250 as ClosedRange<UInt64>).map { ($0, $0 + UInt64.random(in: 0..<12, using: &random)) }
            .sorted { $0.1 < $1.1 }.map { $0.0 * 10 }
        var model = LogModel()
        var expected: [Placement] = []
        for (index, number) in ids.enumerated() {
            let id = try #require(EventID(number))
            let channel = channels[Int.random(in: 0..<channels.count, using: &random)]
            let receipt = try await session.publish(channel, id: number)
            #expect(receipt == PublishReceipt(id: number, duplicate: false))
            expected.append(model.add(id, in: channel))
            if index.isMultiple(of: 5) {
                // On whatever channel it comes again.
                let again = ids[Int.random(in: 0...index, using: &random)]
                let other = channels[Int.random(in: 0..<channels.count, using: &random)]
                let duplicate = try await session.publish(other, id: again)
                #expect(duplicate == PublishReceipt(id: again, duplicate: true))
            }
        }
        let heard = try await session.heard(ids.count)
        #expect(heard.map(\.envelope.placement?.sorted) == expected)
        #expect(try await session.readAll().map(\.envelope) == heard.map(\.bytes))
    }

    func keepsOwnersApart(_ session: EventLogSession) async throws {
        let other = try ProjectID("p2")
        let first = try #require(try await session.publish(.chat).id)
        try await session.publish(.chat, id: 5, project: other)
        let before = try await session.everything()
        let otherBefore = try await session.read([.chat, .jobs], project: other)
        for id in [1, first, first + 1, EventID.maximum] {
            await #expect(throws: EventLogError.ownerMismatch) { try await session.publish(.jobs, id: id) }
        }
        await #expect(throws: EventLogError.ownerMismatch) { try await session.publish(.jobs, project: other) }
        #expect(try await session.record(session.heardEvent(.chat, first + 1)) == [.ownerMismatch])
        #expect(try await session.everything() == before)
        #expect(try await session.read([.chat, .jobs], project: other) == otherBefore)
        // Nor has a key been taken by what was refused.
        await #expect(throws: EventLogError.ownerMismatch) { try await session.publish(.chat, id: 9, key: "k") }
        #expect(try await session.publish(.chat, key: "k").duplicate == false)
        _ = try await session.heard(3)
    }

    func refuses(_ session: EventLogSession) async throws {
        try await session.publish(.chat)
        let before = try await session.everything()
        let tooLarge = "\"" + String(repeating: "x", count: Envelope.maximumBytes) + "\""
        await #expect(throws: (any Error).self) { try await session.publish(.chat, data: tooLarge, key: "k") }
        await #expect(throws: EventLogError.self) { try await session.publish(try Channel("nowhere")) }
        #expect(try await session.everything() == before)
        #expect(try await session.publish(.chat, key: "k").duplicate == false)
        _ = try await session.heard(2)
    }

    func limitsSize(_ session: EventLogSession) async throws {
        // As it is published with an id of one digit and the time; what the log says of its place comes on top.
        let bare = Envelope.encode(
            Event(channel: .chat, name: try EventName("message.new"), data: ByteBuffer(string: "\"\""), id: EventID(7)),
            timestamp: 1_790_000_000_000
        )
        let text = String(repeating: "x", count: Envelope.maximumBytes - bare.readableBytes)
        for data in ["\"\(text)x\"", "\"\(text)\" "] {
            await #expect(throws: (any Error).self) { try await session.publish(.chat, data: data, id: 7) }
        }
        for id in 5...6 as ClosedRange<UInt64> { try await session.publish(.jobs, id: id) }
        #expect(try await session.publish(.chat, data: "\"\(text)\"", id: 7).duplicate == false)
        let last = try #require(try await session.heard(3).last)
        #expect(last.envelope.id?.rawValue == 7)
        #expect(last.bytes.readableBytes > Envelope.maximumBytes)
        #expect(try await session.readAll().last?.envelope == last.bytes)
    }

    func publishesInParallel(_ session: EventLogSession) async throws {
        let ids = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for publisher in 0..<8 {
                group.addTask {
                    var ids: [UInt64] = []
                    for number in 0..<40 {
                        let channel: Channel = (number + publisher).isMultiple(of: 2) ? .chat : .jobs
                        ids.append(try #require(try await session.publish(channel).id))
                    }
                    #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
                    return ids
                }
            }
            return try await group.reduce(into: [UInt64]()) { $0 += $1 }
        }
        let heard = try await session.heard(320)
        #expect(heard.compactMap(\.envelope.id?.rawValue) == ids.sorted())
        var model = LogModel()
        for message in heard {
            let expected = model.add(try #require(message.envelope.id), in: message.topic.channel)
            #expect(message.envelope.placement?.sorted == expected)
        }
        #expect(try await session.readAll().map(\.envelope) == heard.map(\.bytes))
    }
}
