import TributaryCore
import TributaryProtocol

/// What a credential allows by itself, before anybody else is asked.
struct Grants: Sendable, Equatable {
    /// The projects that a credential is for.
    enum Projects: Sendable, Equatable {
        case all
        case some(Set<ProjectID>)
        /// The credential doesn't say: the application has to.
        case unstated
    }

    /// What it may publish.
    struct Publishing: Sendable, Equatable {
        var channels: ChannelSet
        /// Names of events, or families such as `message.*`; `nil` is any.
        var events: [String]?

        func allows(_ event: EventName) -> Bool {
            guard let events else { return true }
            return events.contains { pattern in
                pattern == event.rawValue
                    || pattern.hasSuffix(".*") && event.rawValue.hasPrefix(pattern.dropLast())
            }
        }
    }

    var projects: Projects
    /// The channels that it may read, in each of the projects.
    var channels: ChannelSet
    /// `nil` is nothing.
    var publishing: Publishing?

    /// Whether the credential itself opens the project; `nil` if it doesn't say.
    func covers(_ project: ProjectID) -> Bool? {
        switch projects {
        case .all: true
        case .some(let projects): projects.contains(project)
        case .unstated: nil
        }
    }
}
