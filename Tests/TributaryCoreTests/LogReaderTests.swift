import NIOCore
import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct LogReaderTests {
    private let loop = EmbeddedEventLoop()
    private let log: ScriptedLog
    private let reader: LogReader
    private let chat: ChannelSet

    init() throws {
        let catalog = try Catalog.bundled()
        let memory = MemoryEventLog(catalog: catalog, eventLoop: loop) { _, _ in }
        for id in UInt64(1)...100 {
            _ = try memory.place(
                Event(
                    channel: try Channel("chat"), project: .p1, name: try EventName("message.new"),
                    data: ByteBuffer(string: "\(id)"), id: EventID(id)
                )
            )
        }
        log = ScriptedLog(memory, loop: loop)
        log.holdsAnswers = true
        reader = LogReader(log: log, catalog: catalog, eventLoop: loop)
        chat = ChannelSet(index: try #require(catalog.index(of: "chat")))
    }

    private func request(after id: UInt64 = 0, isReplay: Bool = true, project: ProjectID = .p1) -> LogReader.Request {
        LogReader.Request(project: project, channels: chat, cursor: .id(id), isReplay: isReplay)
    }

    /// What readers have got: a number for each, and its page.
    private final class Answers {
        var order: [Int] = []
        var pages: [ReplayPage] = []
        var errors: [EventLogError] = []
    }

    private func read(_ request: LogReader.Request, as number: Int = 0, into answers: Answers) {
        reader.read(request) { result in
            answers.order.append(number)
            switch result {
            case .success(let page): answers.pages.append(page)
            case .failure(let error): answers.errors.append(error)
            }
        }
    }

    @Test func `equal requests that wait share one read, and its frames`() throws {
        let answers = Answers()
        // Four others keep the log busy.
        for number in 1...4 { read(request(after: UInt64(number)), into: Answers()) }
        for number in 0..<5 { read(request(after: 10), as: number, into: answers) }
        read(request(after: 11), as: 5, into: answers)
        read(request(after: 10, isReplay: false), as: 6, into: answers)
        read(request(after: 10, project: .default), as: 7, into: answers)
        log.answerAll()
        #expect(log.readCount == 4 + 4)
        #expect(answers.order == Array(0...7))
        let shared = answers.pages[0..<5].map(\.segments)
        #expect(shared.allSatisfy { $0.count == 1 && $0[0] === shared[0][0] })
        #expect(answers.pages[0].segments[0].frames.count == LogReader.pageSize)
        #expect(String(buffer: answers.pages[0].segments[0].bytes).hasPrefix("id: 11\nevent: message.replay\n"))
        #expect(String(buffer: answers.pages[6].segments[0].bytes).hasPrefix("id: 11\nevent: message.new\n"))
        #expect(answers.pages[7].segments.isEmpty)
    }

    @Test func `who asks while a read is under way gets one of its own`() {
        let answers = Answers()
        read(request(after: 10), as: 0, into: answers)
        read(request(after: 10), as: 1, into: answers)
        // What came after the first read may be missing from it.
        #expect(log.readCount == 2)
        log.answerAll()
        #expect(answers.order == [0, 1])
    }

    @Test func `who asks a moment after an answer shares it, but is not told that it was all`() throws {
        let answers = Answers()
        read(request(after: 90), as: 0, into: answers)
        log.answerAll()
        read(request(after: 90), as: 1, into: answers)
        #expect(log.readCount == 1)
        try #require(answers.order == [0, 1])
        #expect(answers.pages[0].segments[0] === answers.pages[1].segments[0])
        #expect(answers.pages.map(\.isLast) == [true, false])
        // Nor is a page with nothing in it kept: who reads on from the end wants to know what is there from now on.
        read(request(after: 100), as: 2, into: answers)
        read(request(after: 100), as: 3, into: answers)
        #expect(log.readCount == 3)
        loop.advanceTime(by: RecentPages.lifetime)
        read(request(after: 90), as: 4, into: answers)
        #expect(log.readCount == 4)
        #expect(answers.pages.last?.isLast == true)
    }

    @Test func `at most four reads are under way at a time`() {
        let answers = Answers()
        for number in 0..<10 { read(request(after: UInt64(number)), as: number, into: answers) }
        #expect(log.readCount == 4)
        #expect(log.waitingCount == 4)
        log.answer(1)
        #expect(log.readCount == 5)
        #expect(log.waitingCount == 4)
        log.answer(6)
        #expect(log.readCount == 10)
        #expect(log.waitingCount == 3)
        log.answerAll()
        #expect(answers.order == Array(0..<10))
        // Nothing is counted as under way that is not.
        for number in 0..<10 { read(request(after: UInt64(number)), as: number, into: answers) }
        #expect(answers.order.count == 20)
    }

    @Test func `pages are handed out eight a turn`() {
        let answers = Answers()
        for number in 1...4 { read(request(after: UInt64(number)), into: Answers()) }
        for number in 0..<20 { read(request(), as: number, into: answers) }
        log.answer(4)
        #expect(answers.order.isEmpty)
        log.answer(1)
        #expect(answers.order == Array(0..<8))
        // Not in the same turn, but a moment later.
        loop.run()
        #expect(answers.order.count == 8)
        loop.advanceTime(by: .milliseconds(1))
        #expect(answers.order == Array(0..<16))
        loop.advanceTime(by: .milliseconds(1))
        #expect(answers.order == Array(0..<20))
    }

    @Test func `a failure reaches everybody who waits, and the next read is tried anew`() {
        let answers = Answers()
        for number in 0..<6 { read(request(after: UInt64(number)), as: number, into: answers) }
        log.failure = .unavailable("down")
        log.answerAll()
        #expect(answers.errors == Array(repeating: .unavailable("down"), count: 6))
        log.failure = nil
        read(request(), into: answers)
        #expect(answers.pages.count == 1)
    }

    @Test func `a log that answers at once is asked page by page, and not ever deeper`() {
        log.answerAll()
        let depth = Depth()
        func readOn(_ rest: Int) {
            reader.read(request(after: UInt64(rest))) { _ in
                depth.now += 1
                depth.most = max(depth.most, depth.now)
                depth.pages += 1
                if rest > 0 { readOn(rest - 1) }
                depth.now -= 1
            }
        }
        readOn(99)
        #expect(depth.pages == 8)
        loop.advanceTime(by: .milliseconds(1))
        #expect(depth.pages == 16)
        loop.advanceTime(by: .milliseconds(20))
        #expect(depth.pages == 100)
        #expect(depth.most == 1)
    }

    private final class Depth {
        var now = 0
        var most = 0
        var pages = 0
    }
}
