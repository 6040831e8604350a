import Foundation
import TributaryProtocol

/// What happens in the demo's project: people chat, jobs run, somebody comes and goes, an advisor is found, a repository
/// is synced. Endless; the same each time but for moments and pauses.
///
/// Events carry no id: a project's ids have one owner, and the demo does not claim the project.
struct DemoScript: Sendable {
    /// An event, and how long to wait after it.
    struct Step {
        let event: Event
        let pause: Duration
    }

    private let project: ProjectID
    private var generator: any RandomNumberGenerator & Sendable
    private var position = 0

    /// - Parameter generator: decides the pauses.
    init(
        project: ProjectID = .default,
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.project = project
        self.generator = generator
    }

    /// The next event; 0.2 to 1.2 s lie between two.
    ///
    /// - Throws: an `EncodingError`, never for the events that stand here.
    mutating func next(at date: Date) throws -> Step {
        let line = Self.scene[position % Self.scene.count]
        let moment = Moment(
            round: position / Self.scene.count, step: position, project: project.rawValue, time: Timestamp(date)
        )
        position += 1
        return Step(
            event: try Event(line(moment), in: project),
            pause: .milliseconds(Int.random(in: 200...1_200, using: &generator))
        )
    }
}

extension DemoScript {
    /// What a line of the script may know.
    struct Moment {
        let round: Int
        let step: Int
        let project: String
        let time: Timestamp

        /// The one of `choices` whose turn it is in this round.
        func pick(_ choices: [String], _ offset: Int = 0) -> String { choices[(round + offset) % choices.count] }
    }

    private typealias Line = @Sendable (Moment) -> any PublishableEvent

    private static let people = ["ada", "grace", "linus", "margaret"]
    private static let questions = [
        "Shall we ship the search page today?", "Who has seen the failing import?", "The new logo is up, opinions?",
        "Can someone look at the export job?",
    ]
    private static let answers = [
        "Looks good to me.", "On it.", "Give me ten minutes.", "Done, please have another look.",
    ]
    private static let tasks = ["export", "transcode", "index", "thumbnail"]

    private static let scene: [Line] = [
        { moment in
            PresenceSnapshot(
                projectID: moment.project,
                users: people.enumerated().map { index, name in
                    .init(userID: name, status: index == moment.round % people.count ? .away : .online)
                },
                timestamp: moment.time
            )
        },
        { moment in typing(moment, 0) },
        { moment in message(moment, 0, moment.pick(questions)) },
        { moment in
            JobStarted(
                id: job(moment), taskType: moment.pick(tasks), status: "in_progress", projectID: moment.project,
                timestamp: moment.time
            )
        },
        { moment in progress(moment, 35) },
        { moment in typing(moment, 1) },
        { moment in message(moment, 1, moment.pick(answers)) },
        { moment in progress(moment, 80) },
        { moment in
            PresenceChanged(
                userID: moment.pick(people, 2), status: .away, projectID: moment.project, timestamp: moment.time
            )
        },
        { moment in sync(moment, "syncing") },
        { moment in
            // Each fourth job fails, as jobs do.
            if moment.round % 4 == 3 { return failure(moment) }
            return JobCompleted(
                id: job(moment), taskType: moment.pick(tasks), status: "completed", projectID: moment.project,
                timestamp: moment.time
            )
        },
        { moment in sync(moment, "synced") },
        { moment in
            BuildStatus(
                status: .completed, buildID: "build-\(moment.round + 1)", projectID: moment.project, progress: 100,
                timestamp: moment.time
            )
        },
        { moment in
            AdvisorMatched(
                matchID: "match-\(moment.round + 1)", advisorID: "advisor-\(moment.pick(people, 3))",
                projectID: moment.project, userID: moment.pick(people), timestamp: moment.time
            )
        },
        { moment in
            PresenceChanged(
                userID: moment.pick(people, 2), status: .online, projectID: moment.project, timestamp: moment.time
            )
        },
        { moment in
            AdvisorWorkspaceReady(
                matchID: "match-\(moment.round + 1)", advisorID: "advisor-\(moment.pick(people, 3))",
                projectID: moment.project, timestamp: moment.time
            )
        },
    ]

    private static func job(_ moment: Moment) -> Identifier { "job-\(moment.round + 1)" }

    private static func typing(_ moment: Moment, _ person: Int) -> TypingStart {
        TypingStart(userID: moment.pick(people, person), projectID: moment.project, timestamp: moment.time)
    }

    private static func message(_ moment: Moment, _ person: Int, _ text: String) -> MessageNew {
        MessageNew(
            messageID: "m-\(moment.step)", projectID: moment.project, userID: moment.pick(people, person),
            content: .init(text: text), timestamp: moment.time
        )
    }

    private static func progress(_ moment: Moment, _ percent: Double) -> JobProgress {
        JobProgress(
            id: job(moment), progress: percent, taskType: moment.pick(tasks), projectID: moment.project,
            timestamp: moment.time
        )
    }

    private static func failure(_ moment: Moment) -> JobFailed {
        JobFailed(
            id: job(moment), taskType: moment.pick(tasks), status: "failed",
            error: .init(message: "no space left on the worker", code: "no_space"), projectID: moment.project,
            timestamp: moment.time
        )
    }

    private static func sync(_ moment: Moment, _ status: String) -> GithubSyncStatus {
        GithubSyncStatus(
            status: status, projectID: moment.project, repository: "example/site", branch: "main",
            timestamp: moment.time
        )
    }
}
