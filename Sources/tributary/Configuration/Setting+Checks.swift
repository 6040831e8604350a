import TributaryRedis
import TributaryServer

/// The checks of text settings: the text, or what is made of it.
extension Setting {
    static func notEmpty(_ text: String) throws -> String {
        guard !text.isEmpty else { throw Refused.isNot("at least one character") }
        return text
    }

    static func notEmpty(_ text: String) throws -> String? {
        let text: String = try notEmpty(text)
        return text
    }

    static func redisURL(_ text: String) throws -> String? {
        do {
            _ = try RedisConfiguration(url: text)
        } catch {
            // Its text never repeats the URL, which may hold a password.
            throw Refused.because("\(error)")
        }
        return text
    }

    static func bearerToken(_ text: String) throws -> BearerToken? {
        do {
            return try BearerToken(text)
        } catch {
            throw Refused.because("\(error)")
        }
    }

    static func identifier(limit: Int) -> @Sendable (String) throws -> String? {
        { text in
            let isIdentifier = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            guard isIdentifier, (1...limit).contains(text.utf8.count) else {
                throw Refused.isNot("1 to \(limit) characters of A-Z a-z 0-9 . _ : -")
            }
            return text
        }
    }

    /// Names of methods with commas in between; `none` stands alone.
    static func authentication(_ text: String) throws -> [ServerConfiguration.Authentication]? {
        let methods = try text.split(separator: ",", omittingEmptySubsequences: false).map {
            try choice(String($0)) as ServerConfiguration.Authentication
        }
        guard Set(methods).count == methods.count else { throw Refused.because("a method is named twice") }
        guard methods.count == 1 || !methods.contains(.disabled) else {
            throw Refused.because("\"none\" asks nobody, so it stands alone")
        }
        return methods
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Choice {
        guard let choice = Choice(rawValue: text) else {
            let all = Choice.allCases.map(\.rawValue)
            throw Refused.isNot(all.count == 1 ? "\"\(all[0])\"" : "one of \(all.joined(separator: ", "))")
        }
        return choice
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Choice? {
        let choice: Choice = try choice(text)
        return choice
    }
}
