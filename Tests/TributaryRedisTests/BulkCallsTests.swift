import Testing

@testable import TributaryRedis

@Suite struct BulkCallsTests {
    @Test func `what ends while a call runs is left out of its later batches, and of no call that begins later`() {
        var calls = BulkCalls<String>()
        calls.end("before")
        let first = calls.begin()
        #expect(!calls.hasEnded("before", since: first))
        calls.end("a")
        let second = calls.begin()
        #expect(calls.hasEnded("a", since: first))
        #expect(!calls.hasEnded("a", since: second))
        calls.finish()
        calls.end("b")
        #expect(calls.hasEnded("b", since: first))
        #expect(calls.hasEnded("b", since: second))
        calls.finish()
        // Nothing is remembered that no call needs.
        #expect(!calls.hasEnded("b", since: first))
    }

    @Test func `whoever asks while a call is on its way shares the next one`() {
        var calls = SharedCalls<String, Int>()
        let begun = [("a", 1), ("b", 2), ("a", 3), ("a", 4)].map { calls.begin($0, $1) }
        #expect(begun == [true, true, false, false])
        let next = calls.finish("a")
        #expect(next == [3, 4])
        let isAlone = calls.begin("a", 5)
        #expect(!isAlone)
        let last = [calls.finish("a"), calls.finish("a"), calls.finish("b")]
        #expect(last == [[5], [], []])
        let again = calls.begin("a", 6)
        #expect(again)
    }
}
