import Testing
import TributaryCore

extension CoordinationContract {
    public enum Case: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case registers = "a stream has a place from a moment on that is later than any before"
        case replaces = "a stream of the same client instance is replaced, on whichever node it is"
        case evicts = "of too many streams that are alive the one that connected earliest leaves"
        case evictsTheSilent = "of too many streams one that has missed its refresh leaves first"
        case neverItself = "a stream that registers never leaves at once, whatever the limit"
        case rejects = "a stream that is refused changes nothing, and one that replaces another is none too many"
        case expires = "a stream that is not refreshed is gone, and nobody is told"
        case refreshes = "a stream that is refreshed stays, with its time and its newest channels"
        case heals = "what was lost is entered again by a refresh, as it was"
        case healsReplaced = "an older stream of a client instance is not entered again"
        case healsOverLimit = "of too many streams that are entered again the newest stay"
        case healsWithoutRefusing = "what is entered again takes nobody's place where streams are refused"
        case removes = "a stream that is removed leaves nothing behind"
        case removesReplaced = "to remove a stream that was replaced does not touch the newer one"
        case separatesOwners = "users and projects have nothing to do with each other, whatever they are called"
        case registersInParallel = "registering in parallel never exceeds the limit nor evicts a newer stream"
        case reconnects = "two hundred reconnects of one client instance leave one stream"
        case refreshesMany = "a thousand users are refreshed in one call"
        case joins = "whoever comes is told once, with the hub's word for what it is"
        case rejoins = "a reload is silent"
        case leaves = "whoever leaves is told once, after the grace, whoever notices it"
        case nodeDies = "the users of a node that dies go offline, and nobody else"
        case sets = "what users say of themselves is told, if it is new and they are there"
        case comesBack = "each change of a user is later than the one before"
        case members = "who is there is listed by name, and who has gone is told first"
        case wiped = "a store that was wiped says that it knew nobody"
        case joinsMany = "a thousand users come and go in one call"
        case awkwardNames = "users are told under their own names"
        case beats = "nodes hear of each other, and how long each has been silent"
        case nodeLost = "a node that is silent is lost"
        case nodeForgotten = "a node that is silent for long is forgotten"
        case nodeLeaves = "a node that shuts down is gone"

        public var testDescription: String { rawValue }

        var times: CoordinationTimes {
            var times = CoordinationTimes()
            switch self {
            case .expires: times.stream = 300
            // What is silent for 2 s has missed its refresh.
            case .evictsTheSilent: times.stream = 5_000
            case .leaves, .comesBack, .members, .joinsMany: times.offlineGrace = 100
            case .nodeDies: times.presence = 500
            case .nodeLost: times.nodeLost = 200
            case .nodeForgotten: (times.nodeLost, times.nodeMemory) = (100, 300)
            default: break
            }
            return times
        }
    }

    func check(_ promise: Case, _ session: CoordinationSession) async throws {
        switch promise {
        case .registers: try await registers(session)
        case .replaces: try await replaces(session)
        case .evicts: try await evicts(session)
        case .evictsTheSilent: try await evictsTheSilent(session)
        case .neverItself: try await neverEvictsItself(session)
        case .rejects: try await rejects(session)
        case .expires: try await expires(session)
        case .refreshes: try await refreshes(session)
        case .heals: try await heals(session)
        case .healsReplaced: try await healsReplaced(session)
        case .healsOverLimit: try await healsOverLimit(session)
        case .healsWithoutRefusing: try await healsWithoutRefusing(session)
        case .removes: try await removes(session)
        case .removesReplaced: try await removesReplaced(session)
        case .separatesOwners: try await separatesOwners(session)
        case .registersInParallel: try await registersInParallel(session)
        case .reconnects: try await reconnects(session)
        case .refreshesMany: try await refreshesMany(session)
        case .joins: try await joins(session)
        case .rejoins: try await rejoins(session)
        case .leaves: try await leaves(session)
        case .nodeDies: try await noticesDeadNodes(session)
        case .sets: try await sets(session)
        case .comesBack: try await comesBack(session)
        case .members: try await lists(session)
        case .wiped: try await isWiped(session)
        case .joinsMany: try await joinsMany(session)
        case .awkwardNames: try await tellsAwkwardNames(session)
        case .beats: try await beats(session)
        case .nodeLost: try await losesNodes(session)
        case .nodeForgotten: try await forgetsNodes(session)
        case .nodeLeaves: try await letsNodesLeave(session)
        }
    }
}
