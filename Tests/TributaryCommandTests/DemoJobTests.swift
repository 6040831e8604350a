import Foundation
import NIOCore
import Testing
import TributaryProtocol
import TributaryServer

@testable import tributary

@Suite struct DemoJobTests {
    private func names(_ job: DemoJob) throws -> [String] {
        try (0...DemoJob.count).map { try job.step($0, at: Date()).event.name.rawValue }
    }

    @Test func `a job begins, tells how far it is, and ends`() throws {
        let job = DemoJob(id: "j1", task: "export", project: try ProjectID("demo"))
        let names = try names(job)
        #expect(names.first == "job.started" && names.last == "job.completed")
        #expect(names.dropFirst().dropLast().allSatisfy { $0 == "job.progress" })
        let progress = try (1..<DemoJob.count).map { number in
            let event = try job.step(number, at: Date()).event
            return try JSONDecoder().decode(JobProgress.self, from: Data(event.data.readableBytesView)).progress
        }
        #expect(progress == progress.sorted() && progress.allSatisfy { $0 > 0 && $0 < 100 })
    }

    @Test func `its events are of the project that it was started in, and carry no id`() throws {
        let job = DemoJob(id: "j1", task: "export", project: try ProjectID("p7"))
        for number in 0...DemoJob.count {
            let event = try job.step(number, at: Date()).event
            #expect(event.project.rawValue == "p7" && event.channel == .jobs && event.id == nil)
        }
    }

    @Test func `the page is whole`() {
        let names = DemoPage.files.map(\.name)
        #expect(Set(names) == ["", "demo.css", "demo.svg", "demo.js", "hub.js", "pane.js", "room.js"])
        let text = DemoPage.files.map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", " style="] { #expect(!text.contains(word)) }
    }
}
