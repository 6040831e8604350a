import TributaryProtocol

/// A typed event that can be said in a few words, for a line of `tributary listen`.
protocol Summarized {
    /// Without the event's name and id, which stand before it; may hold any character.
    var oneLine: String { get }
}

extension MessageNew: Summarized {
    var oneLine: String { "\(userID): \(content.text)" }
}

extension TypingStart: Summarized {
    var oneLine: String { "\(userID) is typing" }
}

extension TypingStop: Summarized {
    var oneLine: String { "\(userID) stopped typing" }
}

extension BuildStatus: Summarized {
    var oneLine: String {
        words(buildID.map { "build \($0)" }, status.rawValue.replacing("_", with: " "), percent(progress), message)
    }
}

extension PlanCreated: Summarized {
    var oneLine: String { "plan \(planID): \(title) (\(steps.count) steps)" }
}

extension PlanUpdated: Summarized {
    var oneLine: String { words("plan \(planID)", title, steps.map { "(\($0.count) steps)" }) }
}

extension PlanStepUpdated: Summarized {
    var oneLine: String { words("plan \(planID)", step.title, step.status) }
}

extension PlanApproved: Summarized {
    var oneLine: String { "plan \(planID) by \(userID)" }
}

extension PlanRejected: Summarized {
    var oneLine: String { words("plan \(planID) by \(userID)", reason) }
}

extension PlanCompleted: Summarized {
    var oneLine: String { words("plan \(planID)", summary) }
}

extension PlanEvent: Summarized {
    var oneLine: String { "plan \(planID)" }
}

extension JobStarted: Summarized {
    var oneLine: String { words("\(taskType) \(id)", status) }
}

extension JobProgress: Summarized {
    var oneLine: String { words(taskType, "\(id)", percent(progress), message ?? status) }
}

extension JobCompleted: Summarized {
    var oneLine: String { words("\(taskType) \(id)", status) }
}

extension JobFailed: Summarized {
    var oneLine: String { words("\(taskType) \(id)", status, error?.message) }
}

extension PresenceSnapshot: Summarized {
    var oneLine: String { users.map { "\($0.userID) \($0.status.rawValue)" }.joined(separator: ", ") }
}

extension PresenceChanged: Summarized {
    var oneLine: String { "\(userID) is \(status.rawValue)" }
}

extension AdvisorMatched: Summarized {
    var oneLine: String { words("advisor \(advisorID) matched", userID.map { "with \($0)" }) }
}

extension AdvisorWorkspaceReady: Summarized {
    var oneLine: String { "advisor \(advisorID) can begin" }
}

extension GithubSyncStatus: Summarized {
    var oneLine: String { words(repository, branch, status, message) }
}

extension ManifestChanged: Summarized {
    var oneLine: String { words(projectFolder, paths.map { $0.joined(separator: ", ") }) }
}

extension Connected: Summarized {
    var oneLine: String {
        let since = fromSequence.map { " since #\($0)" } ?? ""
        let missing = recovered ? "" : "; not everything\(since) is there any more"
        return "\(channels.joined(separator: ", ")) of \(projectID) as \(userID), on node \(node)\(missing)"
    }
}

extension Subscribed: Summarized {
    var oneLine: String { channels.joined(separator: ", ") }
}

extension ReplayEnd: Summarized {
    var oneLine: String { words("\(replayed) of \(totalAvailable) replayed", message) }
}

extension Gap: Summarized {
    var oneLine: String {
        let ids =
            switch (from, to) {
            case (let from?, let to?): " #\(from) to #\(to)"
            case (let from?, nil): " from #\(from) on"
            case (nil, let to?): " up to #\(to)"
            case (nil, nil): ""
            }
        return "events\(ids) of \(channels.joined(separator: ", ")) may be missing: \(reason.rawValue)"
    }
}

extension Heartbeat: Summarized {
    var oneLine: String { "" }
}

extension ServerClose: Summarized {
    var oneLine: String { words(reason.rawValue, reconnect ? "come back in \(retryMilliseconds) ms" : nil) }
}

private func words(_ words: String?...) -> String {
    words.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
}

private func percent(_ progress: Double?) -> String? {
    // Whatever a service sends: `Int` traps on what it cannot hold.
    progress.map { "\(Int(min(max($0, 0), 100).rounded())) %" }
}
