import ArgumentParser

/// How long a token holds, as people write it: `30s`, `15m`, `1h`, `7d`.
struct Lifetime: Equatable, Sendable {
    let seconds: Int

    /// 366 days: a token cannot be taken back by itself; what holds longer is a secret of another kind.
    static let maximumSeconds = 366 * 86_400

    static let hour = Lifetime(seconds: 3_600)

    private init(seconds: Int) {
        self.seconds = seconds
    }

    /// `nil` for anything else, for nothing at all, and above ``maximumSeconds``.
    init?(_ text: String) {
        let unit: Int
        switch text.last {
        case "s": unit = 1
        case "m": unit = 60
        case "h": unit = 3_600
        case "d": unit = 86_400
        default: return nil
        }
        let digits = text.dropLast()
        // Nine digits cannot overflow.
        guard (1...9).contains(digits.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(digits), (1...Self.maximumSeconds).contains(count * unit)
        else { return nil }
        seconds = count * unit
    }
}

extension Lifetime: ExpressibleByArgument, CustomStringConvertible {
    init?(argument: String) { self.init(argument) }

    var description: String {
        for (unit, letter) in [(86_400, "d"), (3_600, "h"), (60, "m")] where seconds.isMultiple(of: unit) {
            return "\(seconds / unit)\(letter)"
        }
        return "\(seconds)s"
    }
}
