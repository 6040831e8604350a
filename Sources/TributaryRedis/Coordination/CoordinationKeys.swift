import TributaryCore
import TributaryProtocol

/// The names of the keys that nodes share; `Scripts/streams.lua`, `presence.lua` and `node_beat.lua` say what they hold.
///
/// No name is one that the log has: a project may be called `a:b`, as a user's streams in another are.
struct CoordinationKeys {
    private let prefix: String

    /// - Parameter prefix: in front of every key; `nil` for `tributary`.
    init(prefix: String?) {
        self.prefix = prefix ?? "tributary"
    }

    func streams(of owner: StreamOwner) -> [String] {
        let base = "\(prefix):{\(Self.encoded(owner.user)):\(owner.project.rawValue)}"
        return ["\(base):streams", "\(base):instances", "\(base):streaminstances", "\(base):streammeta"]
    }

    func presence(of project: ProjectID) -> [String] {
        let base = "\(prefix):{\(project.rawValue)}:presence"
        return [base, "\(base):deadlines"]
    }

    var nodes: [String] { ["\(prefix):{nodes}:beats", "\(prefix):{nodes}:figures"] }

    /// `%`, `{`, `}` and `:` percent-encoded: the first braces hold the slot, the first colon ends the user.
    private static func encoded(_ user: UserID) -> String {
        var encoded = ""
        for character in user.rawValue.unicodeScalars {
            switch character {
            case "%": encoded += "%25"
            case ":": encoded += "%3A"
            case "{": encoded += "%7B"
            case "}": encoded += "%7D"
            default: encoded.unicodeScalars.append(character)
            }
        }
        return encoded
    }
}
