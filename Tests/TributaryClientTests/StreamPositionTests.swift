import Testing
import TributaryProtocol

@testable import TributaryClient

@Suite struct StreamPositionTests {
    @Test func `an id that fits no header does not move the position`() {
        #expect(StreamPosition(id: "7") == .event("7"))
        #expect(StreamPosition(id: "") == .live)
        #expect(StreamPosition(id: "a\u{1}") == nil)
        #expect(StreamPosition(id: String(repeating: "9", count: 257)) == nil)
    }

    @Test func `the cursor is a number`() {
        #expect(StreamPosition.event("7").number == 7)
        #expect(StreamPosition.event("01J").number == nil)
        #expect(StreamPosition.after(0).number == 0)
    }
}
