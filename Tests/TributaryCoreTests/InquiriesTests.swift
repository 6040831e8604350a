import NIOCore
import NIOEmbedded
import Testing

@testable import TributaryCore

@Suite struct InquiriesTests {
    private let loop = EmbeddedEventLoop()

    private func answer(_ number: UInt64, closed: Int? = nil) -> NodeAnswer {
        var question = NodeQuestion(.close)
        question.number = number
        var answer = NodeAnswer(to: question)
        answer.closed = closed
        return answer
    }

    @Test func `a question is over when every node has answered`() throws {
        var inquiries = Inquiries()
        let promise = loop.makePromise(of: Inquiries.Outcome.self)
        let number = inquiries.begin(awaiting: ["n2", "n3"], isForOne: false, promise)
        inquiries.answer(answer(number, closed: 1), from: "n2")
        // An answer to another question, and one of a node that nobody knew yet.
        inquiries.answer(answer(number + 1), from: "n3")
        inquiries.answer(answer(number, closed: 5), from: "n4")
        inquiries.answer(answer(number), from: "n3")
        let outcome = try promise.futureResult.wait()
        #expect(outcome.answers.map(\.closed) == [1, 5, nil])
        #expect(outcome.silent == [])
    }

    @Test func `one good answer is enough where one node has what is asked for`() throws {
        var inquiries = Inquiries()
        let promise = loop.makePromise(of: Inquiries.Outcome.self)
        let number = inquiries.begin(awaiting: ["n2", "n3"], isForOne: true, promise)
        inquiries.answer(answer(number, closed: 0), from: "n2")
        inquiries.answer(answer(number, closed: 1), from: "n3")
        #expect(try promise.futureResult.wait().answers.count == 2)
    }

    @Test func `nobody waits for a lost node, and it is named`() throws {
        var inquiries = Inquiries()
        let promise = loop.makePromise(of: Inquiries.Outcome.self)
        let number = inquiries.begin(awaiting: ["n2"], lost: ["n3", "n4"], isForOne: false, promise)
        inquiries.answer(answer(number, closed: 1), from: "n4")
        inquiries.answer(answer(number), from: "n2")
        let outcome = try promise.futureResult.wait()
        #expect(outcome.silent == ["n3"])
        #expect(outcome.answers.map(\.closed) == [1, nil])
        let alone = loop.makePromise(of: Inquiries.Outcome.self)
        _ = inquiries.begin(awaiting: [], lost: ["n3"], isForOne: true, alone)
        #expect(try alone.futureResult.wait().silent == ["n3"])
    }

    @Test func `who does not answer in time is named`() throws {
        var inquiries = Inquiries()
        let promise = loop.makePromise(of: Inquiries.Outcome.self)
        let number = inquiries.begin(awaiting: ["n2", "n3"], isForOne: false, promise)
        inquiries.answer(answer(number), from: "n3")
        inquiries.end(number)
        inquiries.answer(answer(number), from: "n2")
        inquiries.end(number)
        let outcome = try promise.futureResult.wait()
        #expect(outcome.silent == ["n2"])
        #expect(outcome.answers.count == 1)
    }
}
