import Foundation
import Testing

@testable import TributaryClient

@Suite struct RetryAfterTests {
    // Sun, 06 Nov 1994 08:49:37 GMT
    private let moment = Date(timeIntervalSince1970: 784_111_777)

    @Test func `seconds`() {
        #expect(RetryAfter.duration("120", now: moment) == .seconds(120))
        #expect(RetryAfter.duration(" 0 ", now: moment) == .zero)
        #expect(RetryAfter.duration("99999999999999999999", now: moment) == .seconds(999_999_999))
    }

    @Test(
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ]
    )
    func `every form of an HTTP date`(value: String) {
        #expect(RetryAfter.duration(value, now: moment.addingTimeInterval(-90)) == .seconds(90))
    }

    @Test func `a date in the past is now`() {
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:37 GMT", now: moment.addingTimeInterval(5)) == .zero)
    }

    @Test(
        arguments: [
            "", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 99:49:37 GMT", "1 2 3 4 5 6",
        ]
    )
    func `nonsense is nothing`(value: String) {
        #expect(RetryAfter.duration(value, now: moment) == nil)
    }
}
