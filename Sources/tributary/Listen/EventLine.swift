import Foundation
import NIOCore
import TributaryProtocol

/// One event as `tributary listen` shows it.
struct EventLine {
    var name: String
    /// One JSON value, or whatever else a server sent.
    var data: String
    var id: String?
    var isReplay = false

    /// For people: `14:03:22  message.new               #131 u1: hello`.
    ///
    /// Nothing that a publisher sends can move the cursor or colour the terminal: control characters are written out.
    func text(at date: Date, palette: Palette) -> String {
        let type = EventTypes.type(named: name)
        let time = date.formatted(Self.clock)
        // 24: the longest name of the contract is 23 characters long.
        let padded = Self.visible(name).padding(toLength: max(24, name.count), withPad: " ", startingAt: 0)
        let words = [
            palette.dim(time),
            palette.paint(padded, for: type),
            id.map { palette.dim("#" + Self.visible($0)) },
            isReplay ? palette.dim("(replay)") : nil,
            summary,
        ]
        return words.compactMap { $0 }.joined(separator: " ")
    }

    /// For programs: one JSON object, the data as it came except for line breaks between its tokens.
    var json: String {
        var data = self.data
        let isJSON = data.withUTF8 { TributaryProtocol.isJSON(UnsafeRawBufferPointer($0)) }
        // Inside of a JSON string there are no raw line breaks, so that a space means the same.
        let value = isJSON ? data.replacing("\r\n", with: " ").replacing("\n", with: " ") : Self.quoted(data)
        let members = [
            "\"event\":\(Self.quoted(name))",
            id.map { "\"id\":\(Self.quoted($0))" },
            isReplay ? "\"replay\":true" : nil,
            "\"data\":\(value)",
        ]
        return "{\(members.compactMap { $0 }.joined(separator: ","))}"
    }

    /// The data in a few words where a type knows them, otherwise as it came; on one line.
    var summary: String {
        let event = EventTypes.type(named: name).flatMap { try? JSONDecoder().decode($0, from: Data(data.utf8)) }
        return Self.visible((event as? any Summarized)?.oneLine ?? data)
    }

    private static let clock = Date.VerbatimFormatStyle(
        format:
            "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
        timeZone: .current,
        calendar: Calendar(identifier: .gregorian)
    )

    /// The text on one line, without anything that a terminal obeys.
    private static func visible(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar == "\n" || scalar == "\r" || scalar == "\t": result.append(" ")
            // `.format` holds the bidirectional overrides, which rearrange what stands beside them.
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result.append("\\u{\(String(scalar.value, radix: 16))}")
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func quoted(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSONString(text)
        return String(buffer: buffer)
    }
}
