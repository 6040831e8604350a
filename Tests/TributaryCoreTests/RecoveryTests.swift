import Testing
import TributaryProtocol

@testable import TributaryCore

@Suite struct RecoveryTests {
    private let chat: Channel
    private let jobs: Channel

    init() throws {
        chat = try Channel("chat")
        jobs = try Channel("jobs")
    }

    /// A log that began with id 10 and stands at 40.
    private func log(
        head: LogPosition = LogPosition(high: 40), floor: LogPosition? = nil, lapse: LogPosition? = nil
    ) -> LogState {
        LogState(
            epoch: 7, origin: EventID(10), head: head,
            channels: [chat: LogState.ChannelState(floor: floor, lapse: lapse)]
        )
    }

    private func recovery(_ state: LogState, after id: UInt64, at start: LogPosition? = nil) -> Recovery {
        state.recovery(after: .id(id), start: start ?? LogPosition(high: id), channels: [chat])
    }

    // MARK: What was trimmed

    @Test func `who has all that was trimmed misses nothing`() {
        #expect(recovery(log(), after: 20) == .complete)
        #expect(recovery(log(), after: 40) == .complete)
        #expect(recovery(log(floor: LogPosition(high: 20)), after: 20) == .complete)
        #expect(recovery(log(floor: LogPosition(high: 20)), after: 31) == .complete)
    }

    @Test func `who comes from before what was trimmed hears which ids are gone`() {
        #expect(recovery(log(floor: LogPosition(high: 20)), after: 19) == .missing(from: 20, to: 20))
        #expect(recovery(log(floor: LogPosition(high: 20)), after: 12) == .missing(from: 13, to: 20))
    }

    @Test func `who begins at the beginning hears what is no longer there`() {
        #expect(recovery(log(), after: 0) == .complete)
        #expect(recovery(LogState(), after: 0) == .complete)
        #expect(recovery(log(floor: LogPosition(high: 20)), after: 0) == .missing(from: 1, to: 20))
    }

    @Test func `a late event that was trimmed is gone for who stood just before it`() {
        let state = log(floor: LogPosition(high: 20, late: 2))
        #expect(recovery(state, after: 15, at: LogPosition(high: 20, late: 2)) == .complete)
        #expect(recovery(state, after: 14, at: LogPosition(high: 20, late: 1)) == .missing(from: 20, to: 20))
        #expect(recovery(state, after: 20) == .missing(from: 20, to: 20))
        #expect(recovery(state, after: 19) == .missing(from: 20, to: 20))
    }

    @Test func `only channels that are read count, and of those the one that lost most`() {
        var state = log(floor: LogPosition(high: 20))
        state.channels[jobs] = LogState.ChannelState(floor: LogPosition(high: 30))
        #expect(recovery(state, after: 20) == .complete)
        #expect(
            state.recovery(after: .id(20), start: LogPosition(high: 20), channels: [chat, jobs])
                == .missing(from: 21, to: 30)
        )
    }

    // MARK: Ids of another life

    @Test func `an id that the log has not given out yet is not guessed at`() {
        #expect(recovery(log(), after: 41) == .missing(from: 42, to: nil))
        #expect(recovery(log(), after: EventID.maximum) == .missing(from: EventID.maximum + 1, to: nil))
        #expect(log().isFromTheFuture(.id(41)))
        #expect(!log().isFromTheFuture(.id(40)))
        #expect(!log().isFromTheFuture(.position(LogPosition(high: 41))))
    }

    @Test func `an id from before the log began is of another one`() {
        #expect(recovery(log(), after: 1) == .missing(from: 2, to: 9))
        #expect(recovery(log(), after: 8) == .missing(from: 9, to: 9))
        // Between 9 and 10 there is nothing that could be missing.
        #expect(recovery(log(), after: 9) == .complete)
        #expect(recovery(log(), after: 10) == .complete)
    }

    @Test func `without a log every id but 0 is of another one`() {
        #expect(recovery(LogState(), after: 1) == .missing(from: 2, to: nil))
        #expect(recovery(LogState(epoch: 7), after: 1) == .missing(from: 2, to: nil))
    }

    @Test func `a place is not an id`() {
        #expect(
            log().recovery(after: .position(LogPosition(high: 3)), start: LogPosition(high: 3), channels: [chat])
                == .complete
        )
    }

    // MARK: What nobody heard

    @Test func `across a lapse nobody knows what is missing`() {
        let state = log(lapse: LogPosition(high: 30))
        #expect(recovery(state, after: 20) == .missing(from: 31, to: nil))
        #expect(recovery(state, after: 30) == .missing(from: 31, to: nil))
        #expect(recovery(state, after: 0) == .missing(from: 31, to: nil))
        #expect(recovery(state, after: 31) == .complete)
        let late = log(lapse: LogPosition(high: 30, late: 2))
        #expect(recovery(late, after: 30) == .missing(from: 31, to: nil))
        #expect(recovery(late, after: 35, at: LogPosition(high: 30, late: 2)) == .missing(from: 36, to: nil))
        #expect(recovery(late, after: 12, at: LogPosition(high: 30, late: 3)) == .complete)
    }

    @Test func `a lapse before the first event is nobody's loss`() {
        #expect(recovery(log(lapse: .start), after: 20) == .complete)
        #expect(recovery(log(lapse: .start), after: 0) == .complete)
    }

    @Test func `whoever lost more than once hears of all of it`() {
        let state = log(floor: LogPosition(high: 20), lapse: LogPosition(high: 30))
        #expect(recovery(state, after: 15) == .missing(from: 16, to: nil))
        #expect(recovery(state, after: 25) == .missing(from: 31, to: nil))
        #expect(recovery(log(floor: LogPosition(high: 20)), after: 3) == .missing(from: 4, to: 20))
    }
}
