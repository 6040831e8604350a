import Testing
import TributaryProtocol

@testable import TributaryCore

@Suite struct TimelineTests {
    private static let names = ["chat", "jobs", "presence"]
    private let chat = 0
    private let jobs = 1
    private let all: ChannelSet = [ChannelSet(index: 0), ChannelSet(index: 1)]

    private func timeline() throws -> Timeline { Timeline(channels: try Self.names.map { try Channel($0) }) }

    private func id(_ number: UInt64) throws -> EventID { try #require(EventID(number)) }

    private func placement(
        _ number: UInt64, at position: LogPosition? = nil, prev: UInt64, seen: [String: UInt64] = [:],
        epoch: UInt64 = 7
    ) throws -> Placement {
        Placement(
            id: try id(number), position: position ?? LogPosition(high: number), previous: EventID(prev),
            seen: try seen.map { Placement.Seen(channel: $0.key, id: try id($0.value)) }, epoch: epoch
        )
    }

    /// A log whose newest events, by channel, have these ids.
    private func state(epoch: UInt64 = 7, head: UInt64? = nil, _ last: [String: UInt64] = [:]) throws -> LogState {
        var state = LogState(
            epoch: epoch, origin: EventID(1), head: LogPosition(high: head ?? last.values.max() ?? 0)
        )
        for (name, number) in last {
            state.channels[try Channel(name)] = LogState.ChannelState(
                last: try id(number), lastPosition: LogPosition(high: number)
            )
        }
        return state
    }

    /// Follows chat, of which 5 was the newest event, and jobs, of which it was 4.
    private func following() throws -> Timeline {
        var timeline = try timeline()
        #expect(timeline.begin(all, with: try state(["chat": 5, "jobs": 4])) == .upToDate)
        return timeline
    }

    @Test func `a log that has lost what was heard is gone on with from where it is`() throws {
        var timeline = try following()
        timeline.pass(try id(9), at: LogPosition(high: 9), channel: chat)
        timeline.pass(try id(10), at: LogPosition(high: 10), channel: jobs)
        // A replica took over that had 7 on chat, which nobody here has heard, and nothing of 9 and 10.
        #expect(
            timeline.begin([], with: try state(["chat": 7, "jobs": 4])) == .diverged(since: LogPosition(high: 5)))
        #expect(timeline.judge(try placement(12, prev: 7, seen: ["jobs": 4]), channel: chat) == .next)
        timeline.pass(try id(12), at: LogPosition(high: 12), channel: chat)
        #expect(timeline.begin([], with: try state(["chat": 12, "jobs": 4])) == .upToDate)
    }

    // MARK: Judging

    @Test func `the event after the newest known one is next`() throws {
        var timeline = try following()
        #expect(timeline.judge(try placement(6, prev: 5), channel: chat) == .next)
        #expect(timeline.judge(try placement(6, prev: 4, seen: ["chat": 5]), channel: jobs) == .next)
        timeline.pass(try id(6), at: LogPosition(high: 6), channel: chat)
        #expect(timeline.position == LogPosition(high: 6))
        #expect(timeline.judge(try placement(9, prev: 6), channel: chat) == .next)
    }

    @Test(arguments: [UInt64](0...8).filter { $0 != 5 })
    func `an event that follows on another than the newest known one leaves a hole`(previous: UInt64) throws {
        #expect(try following().judge(try placement(9, prev: previous), channel: chat) == .hole)
    }

    @Test func `the first event of a channel that had none follows on none`() throws {
        var timeline = try timeline()
        _ = timeline.begin(all, with: try state(["jobs": 4]))
        #expect(timeline.judge(try placement(6, prev: 0), channel: chat) == .next)
        #expect(timeline.judge(try placement(6, prev: 3), channel: chat) == .hole)
    }

    @Test func `what stands up to the newest known event of its channel was seen`() throws {
        let timeline = try following()
        for number in UInt64(1)...5 {
            #expect(timeline.judge(try placement(number, prev: 0), channel: chat) == .seen)
        }
        // Of another channel it was not.
        #expect(timeline.judge(try placement(5, prev: 4), channel: jobs) == .next)
    }

    @Test func `a late event is judged by its place and not by its id`() throws {
        var timeline = try following()
        let late = try placement(3, at: LogPosition(high: 5, late: 1), prev: 5)
        #expect(timeline.judge(late, channel: chat) == .next)
        timeline.pass(late.id, at: late.position, channel: chat)
        #expect(timeline.judge(late, channel: chat) == .seen)
        #expect(timeline.position == LogPosition(high: 5, late: 1))
        #expect(timeline.judge(try placement(6, prev: 3), channel: chat) == .next)
        #expect(timeline.judge(try placement(6, prev: 5), channel: chat) == .hole)
    }

    @Test func `an event that missed on another channel is noticed by what was seen there`() throws {
        let timeline = try following()
        #expect(timeline.judge(try placement(8, prev: 4, seen: ["chat": 7]), channel: jobs) == .hole)
        #expect(timeline.judge(try placement(8, prev: 5, seen: ["jobs": 4]), channel: chat) == .next)
        #expect(timeline.judge(try placement(8, prev: 5, seen: ["jobs": 7]), channel: chat) == .hole)
    }

    @Test func `what was seen on channels that the node does not follow is not missed`() throws {
        let timeline = try following()
        let placement = try placement(8, prev: 5, seen: ["presence": 7, "of-a-newer-catalog": 6])
        #expect(timeline.judge(placement, channel: chat) == .next)
    }

    @Test func `of a channel that nobody asked about any event is the first, and says nothing`() throws {
        var timeline = try timeline()
        #expect(timeline.judge(try placement(8, prev: 5, seen: ["jobs": 7]), channel: chat) == .next)
        timeline.pass(try id(8), at: LogPosition(high: 8), channel: chat)
        #expect(timeline.known == [])
        #expect(timeline.position == .start)
        #expect(!timeline.hasPassed(LogPosition(high: 8), channel: chat))
        #expect(timeline.judge(try placement(8, prev: 5), channel: chat) == .next)
    }

    @Test func `a channel that is left is one that nobody asked about`() throws {
        var timeline = try following()
        timeline.forget(ChannelSet(index: chat))
        #expect(timeline.known == ChannelSet(index: jobs))
        #expect(timeline.judge(try placement(9, prev: 8), channel: chat) == .next)
        #expect(timeline.judge(try placement(9, prev: 4, seen: ["chat": 8]), channel: jobs) == .next)
        #expect(!timeline.hasPassed(LogPosition(high: 5), channel: chat))
        #expect(timeline.hasPassed(LogPosition(high: 4), channel: jobs))
    }

    // MARK: Beginning

    @Test func `a channel begins where the log says that it stands`() throws {
        var timeline = try timeline()
        #expect(timeline.begin(ChannelSet(index: chat), with: try state(head: 6, ["chat": 5])) == .upToDate)
        #expect(timeline.known == ChannelSet(index: chat))
        #expect(timeline.epoch == 7)
        // The log has been read up to its end, though nothing of the channel stood there.
        #expect(timeline.position == LogPosition(high: 6))
        #expect(timeline.hasPassed(LogPosition(high: 5), channel: chat))
        #expect(!timeline.hasPassed(LogPosition(high: 5), channel: jobs))
    }

    @Test func `a channel that begins does not pass over what another one missed`() throws {
        var timeline = try timeline()
        _ = timeline.begin(ChannelSet(index: chat), with: try state(["chat": 5]))
        #expect(timeline.begin(ChannelSet(index: jobs), with: try state(["chat": 7, "jobs": 8])) == .behind)
        #expect(timeline.position == LogPosition(high: 5))
        // Its own events up to now are known all the same: they came before it was followed.
        #expect(timeline.hasPassed(LogPosition(high: 8), channel: jobs))
        #expect(!timeline.hasPassed(LogPosition(high: 7), channel: chat))
    }

    @Test func `asking again does not pass over what was missed meanwhile`() throws {
        var timeline = try following()
        let now = try state(["chat": 9, "jobs": 4])
        #expect(timeline.begin([], with: now) == .behind)
        #expect(timeline.begin(all, with: now) == .behind)
        #expect(timeline.position == LogPosition(high: 5))
        #expect(timeline.judge(try placement(9, prev: 8), channel: chat) == .hole)
    }

    @Test func `that a log has begun is no other log`() throws {
        var timeline = try timeline()
        #expect(timeline.begin(all, with: LogState()) == .upToDate)
        #expect(timeline.epoch == 0)
        #expect(timeline.begin([], with: try state(["chat": 5])) == .behind)
        #expect(timeline.epoch == 7)
        #expect(timeline.position == .start)
    }

    // MARK: Reading to the end

    @Test func `after a read to the end nobody waits for what the log no longer had`() throws {
        var timeline = try following()
        timeline.pass(try id(6), at: LogPosition(high: 6), channel: chat)
        #expect(timeline.finish(with: try state(["chat": 9, "jobs": 8])))
        #expect(timeline.position == LogPosition(high: 9))
        #expect(timeline.judge(try placement(10, prev: 9, seen: ["jobs": 8]), channel: chat) == .next)
        #expect(timeline.judge(try placement(9, prev: 8), channel: chat) == .seen)
    }

    @Test func `an answer that is older than what was heard takes nothing back`() throws {
        var timeline = try following()
        timeline.pass(try id(9), at: LogPosition(high: 9), channel: chat)
        #expect(timeline.finish(with: try state(["chat": 5, "jobs": 4])))
        timeline.advance(to: LogPosition(high: 3))
        #expect(timeline.position == LogPosition(high: 9))
        #expect(timeline.judge(try placement(10, prev: 9), channel: chat) == .next)
        #expect(timeline.judge(try placement(7, prev: 5), channel: chat) == .seen)
    }

    // MARK: Another log

    @Test func `an event of another log has to wait until that has been read, whatever its place`() throws {
        let timeline = try following()
        for number in UInt64(1)...9 {
            for previous in UInt64(0)...5 {
                #expect(timeline.judge(try placement(number, prev: previous, epoch: 8), channel: chat) == .hole)
            }
        }
        // Of a log that does not say which one it is, its place decides.
        #expect(timeline.judge(try placement(6, prev: 5, epoch: 0), channel: chat) == .next)
        #expect(timeline.judge(try placement(5, prev: 0, epoch: 0), channel: chat) == .seen)
    }

    @Test func `the first event of a log says which one it is`() throws {
        var timeline = try timeline()
        _ = timeline.begin(all, with: LogState())
        #expect(timeline.judge(try placement(1, prev: 0), channel: chat) == .next)
        timeline.pass(try id(1), at: LogPosition(high: 1), in: 7, channel: chat)
        #expect(timeline.epoch == 7)
        timeline.pass(try id(2), at: LogPosition(high: 2), in: 8, channel: chat)
        #expect(timeline.epoch == 7)
    }

    @Test func `a log of another epoch is read from its beginning, on every channel`() throws {
        var begun = try following()
        #expect(begun.begin([ChannelSet(index: 2)], with: try state(epoch: 8, ["chat": 2])) == .reset)
        #expect(begun.known == [ChannelSet(index: 0), ChannelSet(index: 1), ChannelSet(index: 2)])
        var finished = try following()
        #expect(!finished.finish(with: try state(epoch: 8, ["chat": 2])))
        #expect(finished.known == all)
        for timeline in [begun, finished] {
            #expect(timeline.epoch == 8)
            #expect(timeline.position == .start)
            #expect(timeline.judge(try placement(1, prev: 0, epoch: 8), channel: chat) == .next)
            #expect(timeline.judge(try placement(2, prev: 1, epoch: 8), channel: chat) == .hole)
            #expect(timeline.judge(try placement(2, prev: 0, seen: ["chat": 1], epoch: 8), channel: jobs) == .hole)
            #expect(timeline.judge(try placement(9, prev: 0), channel: chat) == .hole)
        }
    }

    @Test func `a log that is gone is another one`() throws {
        var timeline = try following()
        #expect(timeline.begin([], with: LogState()) == .reset)
        #expect(timeline.epoch == 0)
        #expect(timeline.begin([], with: try state(epoch: 9, [:])) == .upToDate)
    }
}
