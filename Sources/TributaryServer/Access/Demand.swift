import TributaryCore
import TributaryProtocol

/// What a request wants: judged by ``Access``, and by the application where one is asked.
struct Demand: Sendable, Equatable {
    /// As the application is told.
    enum Action: String, Sendable, CaseIterable {
        /// To open a stream, or to change its channels.
        case subscribe
        /// To read what was.
        case history
        /// To see who is there, or to say that one is.
        case presence
        /// To tell that one types.
        case typing
        case publish
    }

    var action: Action
    var project: ProjectID
    /// Those that are named, or all where none is.
    var channels: ChannelSet
    /// None is named: what may not be read is left out, rather than refused.
    var takesWhatItMay = false
    /// Of ``Action/publish``.
    var event: EventName?
    /// The user that the request names.
    var user: String?
    /// The stream that it is about, if there is one.
    var connection: ConnectionID?
}
