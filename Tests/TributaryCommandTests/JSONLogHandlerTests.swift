import Foundation
import Logging
import NIOConcurrencyHelpers
import Testing
import TributaryCore

@testable import tributary

@Suite struct JSONLogHandlerTests {
    /// What a logger wrote that was told something.
    private func lines(_ tell: (inout Logger) -> Void) -> [String] {
        let lines = NIOLockedValueBox<[String]>([])
        var logger = Logger(label: "tributary") { label in
            JSONLogHandler(label: label, clock: { Instant(milliseconds: 1_700_000_000_123) }) { line in
                lines.withLockedValue { $0.append(line) }
            }
        }
        tell(&logger)
        return lines.withLockedValue { $0 }
    }

    @Test func `a line is one object, with what every line has at its head`() {
        let written = lines { $0.info("listening", metadata: ["port": "\(8080)", "address": "[::1]"]) }
        #expect(
            written == [
                #"{"timestamp":"2023-11-14T22:13:20.123Z","level":"info","label":"tributary","message":"listening","#
                    + #""address":"[::1]","port":"8080"}"# + "\n"
            ])
    }

    @Test func `whatever is said, the line is JSON and one line`() throws {
        let odd = "a\nb\r\t\u{0}\u{7f}\u{2028}\"\\ \u{1F600} </script>"
        let written = lines { $0.error("\(odd)", metadata: ["key \n\"": "\(odd)", "list": ["a\n", ["b": "c"]]]) }
        #expect(written.count == 1 && written[0].filter { $0 == "\n" }.count == 1 && written[0].hasSuffix("}\n"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(written[0].utf8)) as? [String: Any])
        #expect(object["message"] as? String == odd && object["key \n\""] as? String == odd)
        let list = try #require(object["list"] as? [Any])
        #expect(list.first as? String == "a\n" && list.last as? [String: String] == ["b": "c"])
    }

    @Test func `what is nested is joined by dots`() {
        let written = lines { $0.info("m", metadata: ["b": ["y": ["z": "2"], "x": "1"], "a": "0"]) }
        #expect(written[0].hasSuffix(#""message":"m","a":"0","b.x":"1","b.y.z":"2"}"# + "\n"))
    }

    @Test func `metadata never takes the place of what every line has`() throws {
        let written = lines { $0.info("m", metadata: ["message": "other", "level": "high", "timestamp": "never"]) }
        #expect(written[0].contains(#""level":"info""#) && written[0].contains(#""level_":"high""#))
        #expect(written[0].contains(#""message":"m""#) && written[0].contains(#""message_":"other""#))
    }

    @Test func `secrets are withheld, however deep they lie`() {
        let written = lines {
            $0.info("m", metadata: ["Token": "abc", "request": ["authorization": "abc", "cookie": ["x": "abc"]]])
        }
        #expect(!written[0].contains("abc") && written[0].contains(#""request.authorization":"withheld""#))
    }

    @Test func `a logger's own metadata stands in each line, and the line's wins`() {
        let written = lines {
            $0[metadataKey: "node"] = "n1"
            $0[metadataKey: "k"] = "logger"
            $0.notice("m", metadata: ["k": "line"])
            $0.debug("not read")
        }
        #expect(written.count == 1 && written[0].hasSuffix(#""k":"line","node":"n1"}"# + "\n"))
    }
}
