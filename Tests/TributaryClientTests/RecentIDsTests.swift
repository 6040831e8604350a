import Testing

@testable import TributaryClient

@Suite struct RecentIDsTests {
    @Test func `a late id below the last is new`() {
        var ids = RecentIDs(capacity: 8)
        ids.insert("9")
        #expect(ids.contains("9"))
        #expect(!ids.contains("7"))
    }

    @Test func `the oldest is forgotten first, and never more are kept`() {
        var ids = RecentIDs(capacity: 3)
        for id in ["a", "b", "c", "b", "d"] { ids.insert(id) }
        #expect(!ids.contains("a"))
        #expect(["b", "c", "d"].allSatisfy(ids.contains))
        for number in 0..<1000 { ids.insert(String(number)) }
        #expect((0..<1000).filter { ids.contains(String($0)) } == [997, 998, 999])
    }
}
