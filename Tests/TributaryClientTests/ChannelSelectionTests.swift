import Testing
import TributaryProtocol

@testable import TributaryClient

@Suite struct ChannelSelectionTests {
    @Test func `adding and removing tell whether the request differs`() {
        var selection = ChannelSelection([.chat])
        #expect(selection.add([.chat]) == false)
        #expect(selection.add([.jobs]) == true)
        #expect(selection.remove([.presence]) == false)
        #expect(selection.remove([.chat]) == true)
        #expect(selection.channels == [.jobs])
        #expect(selection.remove([.jobs]) == true)
        #expect(selection.channels == [])
    }

    @Test func `one of all can be left out before the hub has said which there are`() {
        var selection = ChannelSelection(nil)
        #expect(selection.add([.jobs]) == false)
        #expect(selection.remove([.chat]) == false)
        #expect(selection.learn([.chat, .jobs, .presence]) == true)
        #expect(selection.channels == [.jobs, .presence])
    }

    @Test func `one of all can be left out afterwards`() {
        var selection = ChannelSelection(nil)
        #expect(selection.learn([.chat, .jobs]) == false)
        #expect(selection.channels == nil)
        #expect(selection.remove([.chat]) == true)
        #expect(selection.channels == [.jobs])
    }
}
