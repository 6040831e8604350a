/// Every event of the contract that has a Swift type.
public enum EventTypes {
    /// What services publish, by channel.
    public static let published: [any PublishableEvent.Type] = [
        MessageNew.self, TypingStart.self, TypingStop.self, BuildStatus.self,
        PlanCreated.self, PlanUpdated.self, PlanStepUpdated.self, PlanApproved.self, PlanRejected.self,
        PlanCompleted.self,
        JobStarted.self, JobProgress.self, JobCompleted.self, JobFailed.self,
        PresenceSnapshot.self, PresenceChanged.self,
        AdvisorMatched.self, AdvisorWorkspaceReady.self,
        GithubSyncStatus.self,
        ManifestChanged.self,
    ]

    /// What only the hub sends.
    public static let hub: [any TypedEvent.Type] = [
        Connected.self, Subscribed.self, ReplayEnd.self, Gap.self, Heartbeat.self, ServerClose.self,
    ]

    /// All of them; the families last.
    public static let all: [any TypedEvent.Type] = published + hub + [PlanEvent.self]

    /// The type of an event of this name, whichever of its names it is: an exact name before a family.
    public static func type(named name: String) -> (any TypedEvent.Type)? {
        all.first { $0.handles(name) }
    }
}
