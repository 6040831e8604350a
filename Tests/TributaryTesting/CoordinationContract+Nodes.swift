import struct NIOCore.ByteBuffer
import class NIOCore.EventLoopFuture
import Testing
import TributaryCore

extension CoordinationContract {
    func beats(_ session: CoordinationSession) async throws {
        let first = try await session.one.beat("b", figures: ByteBuffer(string: #"{"streams":1}"#)).get()
        #expect(first.map(\.name) == ["b"])
        _ = try await session.one.beat("a", figures: ByteBuffer(string: "{}")).get()
        let records = try await session.other.beat("b", figures: ByteBuffer(string: #"{"streams":2}"#)).get()
        #expect(records.map(\.name) == ["a", "b"])
        #expect(records.map(\.figures) == [ByteBuffer(string: "{}"), ByteBuffer(string: #"{"streams":2}"#)])
        #expect(records.map(\.isLost) == [false, false])
        try await session.eventually("one is silent for 20 ms") {
            let records = try await session.one.beat("b", figures: ByteBuffer(string: "{}")).get()
            return records[0].silentMilliseconds >= 20 && records[1].silentMilliseconds < 20
        }
    }

    func losesNodes(_ session: CoordinationSession) async throws {
        _ = try await session.one.beat("dead", figures: ByteBuffer(string: "{}")).get()
        try await session.eventually("it is lost") {
            let records = try await session.other.beat("alive", figures: ByteBuffer(string: "{}")).get()
            #expect(records.first?.isLost == false)
            let dead = try #require(records.first { $0.name == "dead" })
            #expect(dead.isLost == (dead.silentMilliseconds >= 200))
            return dead.isLost
        }
    }

    func forgetsNodes(_ session: CoordinationSession) async throws {
        _ = try await session.one.beat("dead", figures: ByteBuffer(string: "{}")).get()
        try await session.eventually("it is forgotten") {
            let records = try await session.other.beat("alive", figures: ByteBuffer(string: "{}")).get()
            #expect(records.first?.name == "alive")
            #expect(records.allSatisfy { $0.silentMilliseconds <= 300 })
            return records.count == 1
        }
    }

    func letsNodesLeave(_ session: CoordinationSession) async throws {
        _ = try await session.one.beat("a", figures: ByteBuffer(string: "{}")).get()
        _ = try await session.other.beat("b", figures: ByteBuffer(string: "{}")).get()
        try await session.one.leave("a").get()
        #expect(try await session.other.beat("b", figures: ByteBuffer(string: "{}")).get().map(\.name) == ["b"])
        try await session.one.leave("a").get()
    }
}
