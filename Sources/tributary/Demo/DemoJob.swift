import Foundation
import NIOCore
import TributaryProtocol

/// One job of the demo, from its beginning to its end.
struct DemoJob: Sendable {
    /// An event, and how long the job works before it.
    struct Step {
        let pause: Duration
        let event: Event
    }

    let id: Identifier
    let task: String
    let project: ProjectID

    /// 25 steps of 160 ms: long enough to be watched, short enough to be waited for.
    static let count = 25
    private static let pause = Duration.milliseconds(160)

    /// Step 0 begins the job, the last one ends it.
    ///
    /// - Throws: an `EncodingError`, never for the events that stand here.
    func step(_ number: Int, at date: Date) throws -> Step {
        let time = Timestamp(date)
        switch number {
        case 0:
            return try step(
                JobStarted(
                    id: id, taskType: task, status: "in_progress", projectID: project.rawValue, timestamp: time), .zero)
        case Self.count:
            return try step(
                JobCompleted(
                    id: id, taskType: task, status: "completed", projectID: project.rawValue, timestamp: time))
        default:
            let progress = Double(number * 100 / Self.count)
            return try step(
                JobProgress(id: id, progress: progress, taskType: task, projectID: project.rawValue, timestamp: time))
        }
    }

    private func step(_ typed: some PublishableEvent, _ pause: Duration = Self.pause) throws -> Step {
        Step(pause: pause, event: try Event(typed, in: project))
    }
}
