import Testing

@testable import TributaryClient

@Suite struct ReplayPhaseTests {
    @Test func `what stands between connected and replay_end is a replay`() {
        var phase = ReplayPhase()
        phase.connected(from: 10, latest: 12)
        #expect(phase.isReplay(event: "job.started", id: "11") == true)
        #expect(phase.isReplay(event: "typing.start", id: nil) == false)
        #expect(phase.isReplay(event: "job.started", id: "12") == true)
        #expect(phase.isReplay(event: "replay.end", id: nil) == false)
        #expect(phase.isReplay(event: "job.started", id: "9") == false)
    }

    @Test func `an id beyond the newest ends it, also without replay_end`() {
        var phase = ReplayPhase()
        phase.connected(from: 10, latest: 12)
        #expect(phase.isReplay(event: "job.started", id: "13") == false)
        #expect(phase.isReplay(event: "job.started", id: "11") == false)
    }

    @Test func `a gap ends it`() {
        var phase = ReplayPhase()
        phase.connected(from: 10, latest: 12)
        #expect(phase.isReplay(event: "gap", id: nil) == false)
        #expect(phase.isReplay(event: "job.started", id: "11") == false)
    }

    @Test func `a live stream has none, except under a replay name`() {
        var phase = ReplayPhase()
        phase.connected(from: nil, latest: 12)
        #expect(phase.isReplay(event: "job.started", id: "11") == false)
        #expect(phase.isReplay(event: "message.replay", id: "11") == true)
    }
}
