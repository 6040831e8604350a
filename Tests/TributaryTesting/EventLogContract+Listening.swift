import struct NIOCore.ByteBuffer
import Testing
import TributaryCore
import TributaryProtocol

extension EventLogContract {
    func marksLapses(_ session: EventLogSession) async throws {
        let first = try await session.fixture.listener()
        let second = try await session.fixture.listener()
        // Nobody ever listened: what came before the first event is not known either.
        let empty = try await session.listen(first, to: .chat)
        #expect(empty.channels[.chat]?.lapse == .start)
        #expect(empty.head == .start)
        _ = try await session.record(session.heardEvent(.chat, 5), session.heardEvent(.jobs, 6))
        // Somebody listens to the one, nobody to the other.
        let both = try await session.listen(second, to: .chat, .jobs)
        #expect(both.channels[.chat]?.lapse == .start)
        #expect(both.channels[.jobs]?.lapse == LogPosition(high: 6))
        #expect(both.head == LogPosition(high: 6))
        #expect(both.channels[.chat]?.last?.rawValue == 5)
        #expect(try await session.state(.jobs).lapse == LogPosition(high: 6))
        // Listening again changes nothing.
        let again = try await session.listen(second, to: .chat, .jobs)
        #expect(again == both)
        // One of two leaves; then the other.
        try await session.leave(first, .chat)
        _ = try await session.record(session.heardEvent(.chat, 7))
        #expect(try await session.listen(first, to: .chat).channels[.chat]?.lapse == .start)
        try await session.leave(first, .chat)
        try await session.leave(second, .chat)
        #expect(try await session.state(.chat).lapse == .start)
        #expect(try await session.listen(first, to: .chat).channels[.chat]?.lapse == LogPosition(high: 7))
        // `second` listens to jobs all the time.
        #expect(try await session.state(.jobs).lapse == LogPosition(high: 6))
    }

    func marksNoLapse(_ session: EventLogSession) async throws {
        let listener = try await session.fixture.listener()
        try await session.publish(.chat)
        let state = try await session.listen(listener, to: .chat, .jobs)
        #expect(state.channels.values.allSatisfy { $0.lapse == nil })
        try await session.leave(listener, .chat)
        try await session.publish(.chat)
        _ = try await session.listen(listener, to: .chat)
        #expect(try await session.state(.chat).lapse == nil)
    }

    func marksLapsesOnceBypassed(_ session: EventLogSession) async throws {
        let listener = try await session.fixture.listener()
        try await session.publish(.chat, id: 5)
        #expect(try await session.listen(listener, to: .chat, .jobs).channels[.chat]?.lapse == nil)
        try await session.leave(listener, .chat, .jobs)
        try await session.publish(.chat, id: 6)
        _ = try await session.listen(listener, to: .chat)
        #expect(try await session.state(.chat).lapse == nil)
        // Only what the log did not have comes past it.
        _ = try await session.record(session.heardEvent(.chat, 6))
        try await session.leave(listener, .chat)
        _ = try await session.listen(listener, to: .chat)
        #expect(try await session.state(.chat).lapse == nil)
        _ = try await session.record(session.heardEvent(.chat, 7))
        try await session.leave(listener, .chat)
        _ = try await session.listen(listener, to: .chat)
        #expect(try await session.state(.chat).lapse == LogPosition(high: 7))
        #expect(try await session.state(.jobs).lapse == nil)
    }

    func noticesTheDead(_ session: EventLogSession) async throws {
        let dead = try await session.fixture.listener()
        let living = try await session.fixture.listener()
        _ = try await session.record(session.heardEvent(.chat, 5))
        _ = try await session.listen(dead, to: .chat, .jobs)
        _ = try await session.listen(living, to: .jobs)
        try await dead.disconnect()
        _ = try await session.record(session.heardEvent(.jobs, 8))
        let next = try await session.fixture.listener()
        let state = try await session.listen(next, to: .chat, .jobs)
        #expect(state.channels[.chat]?.lapse == LogPosition(high: 8))
        #expect(state.channels[.jobs]?.lapse == LogPosition(high: 5))
    }
}
