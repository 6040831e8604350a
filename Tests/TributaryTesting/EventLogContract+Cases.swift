import Testing

extension EventLogContract {
    public enum Case: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case assignsIDs = "the hub's ids rise, and are not below the time in microseconds"
        case chains = "each event names the one before it on its channel, and what came since on the others"
        case exactEnvelopes = "what is published arrives as it was published"
        case recipients = "an event for one user says so, and has its place among the others"
        case aliases = "an event under a channel's alias is in the log under the channel's name"
        case ephemeral = "an ephemeral event has no id and no place in the log"
        case ownIDs = "a publisher's own ids keep the order of arrival, and one that is there already is a duplicate"
        case ownersDoNotMix = "the hub's ids and a publisher's own do not mix, and trying changes nothing"
        case deduplicates = "a client_msg_id is published once, on its channel and to its user"
        case ownKeys = "a client_msg_id of a user's own event is that user's, and shows nowhere else"
        case deduplicatesEphemeral = "a client_msg_id is published once for ephemeral events, too"
        case deduplicatesInParallel = "retries in parallel publish once and get the same id"
        case forgetsKeys = "a client_msg_id counts for 24 hours"
        case refuses = "what cannot be published is refused and changes nothing"
        case limitsSize = "the limit of an envelope is its publisher's, and what the log adds comes on top"
        case concurrent = "with publishers in parallel, the relay's order is the log's"
        case pages = "pages of any size hold the same events"
        case cursors = "a cursor is a place, whether or not there is an event"
        case lateCursors = "after any event come those that arrived after it, however late its id was"
        case selects = "only the channels that were asked for are read"
        case unknownProject = "a project without events has an empty log"
        case separatesProjects = "projects have nothing to do with each other"
        case records = "what passed through the relay alone is taken as it came, once"
        case recordsInParallel = "nodes that record the same events at once put them into the log once"
        case recordsPoison = "an envelope that is not well-formed is kept, and read, as it is"
        case marksLapses = "where nobody had been listening, the beginning of listening is marked"
        case marksNoLapseOfItsOwn = "the hub's own ids have no lapses"
        case marksNoLapseOfWhatItWrote = "a publisher's own ids have lapses once some of them have passed the log by"
        case noticesTheDead = "a listener whose connection is gone listens no more"
        case boundsCount = "a channel keeps no more events than it should, and says up to where they are gone"
        case boundsBytes = "a channel keeps no more bytes than it should"
        case boundsAge = "a channel keeps events no longer than it should"
        case epochs = "a log that begins anew has another epoch, and says with which id it began"

        public var testDescription: String { rawValue }

        public static let needClock: Set<Case> = [.forgetsKeys, .boundsAge]
        public static let needWipe: Set<Case> = [.epochs]

        /// The cases for a log whose fixture can do only so much.
        public static func cases(clock: Bool, wipe: Bool) -> [Case] {
            allCases.filter { (clock || !needClock.contains($0)) && (wipe || !needWipe.contains($0)) }
        }
    }

    func check(_ promise: Case, _ session: EventLogSession) async throws {
        switch promise {
        case .assignsIDs: try await assignsIDs(session)
        case .chains: try await chains(session)
        case .exactEnvelopes: try await publishesExactly(session)
        case .recipients: try await addressesUsers(session)
        case .aliases: try await resolvesAliases(session)
        case .ephemeral: try await passesEphemeralOn(session)
        case .ownIDs: try await takesOwnIDs(session)
        case .ownersDoNotMix: try await keepsOwnersApart(session)
        case .deduplicates: try await deduplicates(session)
        case .ownKeys: try await keepsUsersKeysApart(session)
        case .deduplicatesEphemeral: try await deduplicatesEphemeral(session)
        case .deduplicatesInParallel: try await deduplicatesInParallel(session)
        case .forgetsKeys: try await forgetsKeys(session)
        case .refuses: try await refuses(session)
        case .limitsSize: try await limitsSize(session)
        case .concurrent: try await publishesInParallel(session)
        case .pages: try await pages(session)
        case .cursors: try await findsCursors(session)
        case .lateCursors: try await readsAfterLateOnes(session)
        case .selects: try await selectsChannels(session)
        case .unknownProject: try await readsUnknownProjects(session)
        case .separatesProjects: try await separatesProjects(session)
        case .records: try await records(session)
        case .recordsInParallel: try await recordsInParallel(session)
        case .recordsPoison: try await recordsPoison(session)
        case .marksLapses: try await marksLapses(session)
        case .marksNoLapseOfItsOwn: try await marksNoLapse(session)
        case .marksNoLapseOfWhatItWrote: try await marksLapsesOnceBypassed(session)
        case .noticesTheDead: try await noticesTheDead(session)
        case .boundsCount: try await boundsCount(session)
        case .boundsBytes: try await boundsBytes(session)
        case .boundsAge: try await boundsAge(session)
        case .epochs: try await beginsAnew(session)
        }
    }
}
