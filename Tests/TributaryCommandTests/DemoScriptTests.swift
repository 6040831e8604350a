import Foundation
import NIOCore
import Testing
import TributaryProtocol

@testable import tributary

@Suite struct DemoScriptTests {
    @Test func `the demo plays on five channels with events of the contract`() throws {
        var script = DemoScript()
        var channels: Set<TributaryProtocol.Channel> = []
        var names: Set<String> = []
        // Five rounds of sixteen: the failing job is in the fourth.
        for _ in 0..<80 {
            let step = try script.next(at: Date())
            channels.insert(step.event.channel)
            names.insert(step.event.name.rawValue)
            #expect(step.event.project == .default)
            #expect(step.event.id == nil)
            let type = try #require(EventTypes.type(named: step.event.name.rawValue))
            _ = try JSONDecoder().decode(type, from: Data(step.event.data.readableBytesView))
            #expect(step.pause >= .milliseconds(200) && step.pause <= .milliseconds(1_200))
        }
        #expect(channels == [.chat, .jobs, .presence, .advisor, .githubSync])
        #expect(names.isSuperset(of: ["message.new", "job.completed", "job.failed", "advisor.matched"]))
    }
}
