import Foundation
import TributaryProtocol

/// Colours for a terminal, or none. One colour per channel.
struct Palette {
    var isColoured: Bool

    /// Coloured where `descriptor` is a terminal, unless `NO_COLOR` (https://no-color.org) or a dumb terminal says otherwise.
    static func forTerminal(_ descriptor: Int32, environment: [String: String]) -> Palette {
        let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        return Palette(isColoured: isatty(descriptor) == 1 && !isRefused && environment["TERM"] != "dumb")
    }

    func dim(_ text: String) -> String { painted(text, "2") }

    /// Paints the name of an event by the channel of its type; the hub's own are dim, unknown ones plain.
    func paint(_ name: String, for type: (any TypedEvent.Type)?) -> String {
        guard let type else { return painted(name, "1") }
        switch (type as? any PublishableEvent.Type)?.channel {
        case Channel.chat?: return painted(name, "36")
        case Channel.jobs?: return painted(name, "33")
        case Channel.presence?: return painted(name, "32")
        case Channel.advisor?: return painted(name, "35")
        case Channel.githubSync?: return painted(name, "34")
        case Channel.pendingChanges?: return painted(name, "31")
        default: return EventName.reserved.contains(type.eventName) ? dim(name) : painted(name, "36")
        }
    }

    /// SGR parameters of ECMA-48.
    private func painted(_ text: String, _ parameters: String) -> String {
        isColoured ? "\u{1B}[\(parameters)m\(text)\u{1B}[0m" : text
    }
}
