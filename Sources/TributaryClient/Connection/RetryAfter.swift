import Foundation

/// `Retry-After`: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
enum RetryAfter {
    /// How long to wait: a number of seconds, or the time until an HTTP date; not negative. `nil` for anything else.
    static func duration(_ value: String, now: Date) -> Duration? {
        let value = value.trimmingCharacters(in: .whitespaces)
        if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // More digits than nine are more than 31 years.
            return .seconds(Int(value.prefix(9)) ?? 0)
        }
        guard let date = date(value) else { return nil }
        return .seconds(max(0, date.timeIntervalSince(now)))
    }

    /// The three forms of an HTTP date: https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats
    private static func date(_ value: String) -> Date? {
        let words = value.split { " ,-".contains($0) }.map(String.init)
        // Sun, 06 Nov 1994 08:49:37 GMT — Sunday, 06-Nov-94 08:49:37 GMT — Sun Nov  6 08:49:37 1994
        let fields: [String]
        switch words.count {
        case 6 where words[5] == "GMT": fields = [words[1], words[2], words[3], words[4]]
        case 5: fields = [words[2], words[1], words[4], words[3]]
        default: return nil
        }
        let time = fields[3].split(separator: ":").map { Int($0) }
        guard let day = Int(fields[0]), let month = months.firstIndex(of: fields[1]), var year = Int(fields[2]),
            time.count == 3, let hour = time[0], let minute = time[1], let second = time[2],
            (1...31).contains(day), (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        if fields[2].count == 2 { year += year < 70 ? 2000 : 1900 }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar.date(
            from: DateComponents(
                year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second
            )
        )
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
