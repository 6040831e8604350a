import TributaryCore
import TributaryProtocol

/// What a subscriber asks for, before anybody has decided whether it may have it.
struct StreamQuery: Sendable, Equatable {
    /// The user that it says it is.
    var user: String?
    var project: ProjectID
    var channels: ChannelSet
    /// It names no channel: it wants all that it may read.
    var wantsAll: Bool
    var clientInstance: ClientInstanceID?
    var heartbeatMilliseconds: Int
    var heartbeatIsEvent: Bool
    var cursor: StreamCursor

    var demand: Demand {
        Demand(action: .subscribe, project: project, channels: channels, takesWhatItMay: wantsAll, user: user)
    }

    /// The request to the hub, with what is permitted of it.
    func request(_ permit: Permit, address: String, userAgent: String?) -> StreamRequest {
        var request = StreamRequest(
            user: permit.user, project: project, channels: permit.channels, clientInstance: clientInstance,
            heartbeatMilliseconds: heartbeatMilliseconds, heartbeatIsEvent: heartbeatIsEvent, cursor: cursor
        )
        request.isAnonymous = permit.isAnonymous
        request.userType = permit.userType
        request.address = address
        request.userAgent = UserAgent.shortened(userAgent)
        request.lease = permit.lease
        return request
    }
}
