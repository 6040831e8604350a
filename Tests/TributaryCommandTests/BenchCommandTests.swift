import ArgumentParser
import Testing
import TributaryBench

@testable import tributary

/// `tributary bench`: what the options make of a plan.
@Suite struct BenchCommandTests {
    private func plan(_ arguments: String...) throws -> BenchPlan {
        try #require(try Tributary.parseAsRoot(["bench"] + arguments) as? tributary.Bench).plan()
    }

    @Test func `a scenario alone is as the documents describe it`() throws {
        let plan = try plan("fanout")
        #expect(plan.streams == 1_000 && plan.inFlight == 16 && plan.target == nil && plan.runs == 1)
        #expect(try self.plan("channels").streams == 5_000)
    }

    @Test func `a server that is there is published to as it is told`() throws {
        let plan = try plan(
            "fanout", "--url", "http://127.0.0.1:81/{project}", "--publish", "http", "--publish-url",
            "http://127.0.0.1:81/pub", "--payload", #"{"seq":{sequence},"t":{time}}"#, "--server-pid", "7,8")
        #expect(plan.serverProcesses == [7, 8])
        #expect(plan.publishing?.body == Template("{payload}"))
        let standard = try self.plan(
            "fanout", "--url", "http://127.0.0.1:81/", "--publish", "redis", "--redis", "redis://127.0.0.1")
        #expect(standard.publishing?.body == PublishSpecification.standardBody(.redis))
    }

    @Test(arguments: [
        ["fanout", "--publish", "http"], ["fanout", "--url", "http://127.0.0.1/"], ["idle", "--server-pid", "1"],
        ["idle", "--header", "A: b"], ["idle", "--url", "ftp://x/"], ["fanout", "--redis", "redis://x"],
    ])
    func `options that do not go together are refused`(_ arguments: [String]) throws {
        let command = try #require(try Tributary.parseAsRoot(["bench"] + arguments) as? tributary.Bench)
        #expect(throws: UsageError.self) { try command.plan() }
    }

    @Test func `the command line is kept for the record, without what may be secret`() {
        let line = tributary.Bench.recorded([
            "/x/tributary", "bench", "fanout", "--url", "http://h/?token=abc&x=1", "--header",
            "Authorization: Bearer s",
            "--redis=redis://:s@h", "--streams", "5",
        ])
        #expect(
            line == "tributary bench fanout --url 'http://h/?token=…&x=1' --header … --redis=… --streams 5")
    }
}
