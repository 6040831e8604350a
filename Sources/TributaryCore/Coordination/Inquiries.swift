import NIOCore

/// Questions to other nodes that wait for their answers. Decides only; lives on its registrar's event loop.
struct Inquiries {
    /// What has been answered when a question is over.
    struct Outcome: Sendable {
        var answers: [NodeAnswer] = []
        /// Nodes that did not answer in time, or are lost.
        var silent: [String] = []
    }

    private struct Inquiry {
        var awaited: Set<String>
        /// Nodes that are lost: they may answer, but nobody waits for them.
        var lost: Set<String>
        /// One answer of this kind is enough.
        var isForOne: Bool
        var outcome = Outcome()
        let promise: EventLoopPromise<Outcome>
    }

    private var inquiries: [UInt64: Inquiry] = [:]
    private var count: UInt64 = 0

    /// Begins to wait for the nodes `awaited`; with `isForOne` the first positive answer ends it. Where there is nobody to wait
    /// for it is over at once.
    ///
    /// - Parameter lost: nodes that are asked as well, because they may live where they cannot be heard.
    /// - Returns: the question's number.
    mutating func begin(
        awaiting awaited: Set<String>, lost: Set<String> = [], isForOne: Bool, _ promise: EventLoopPromise<Outcome>
    ) -> UInt64 {
        count += 1
        inquiries[count] = Inquiry(awaited: awaited, lost: lost, isForOne: isForOne, promise: promise)
        if awaited.isEmpty { end(count) }
        return count
    }

    /// A node has answered.
    mutating func answer(_ answer: NodeAnswer, from node: String) {
        guard var inquiry = inquiries[answer.number] else { return }
        inquiry.awaited.remove(node)
        inquiry.lost.remove(node)
        inquiry.outcome.answers.append(answer)
        inquiries[answer.number] = inquiry
        if inquiry.awaited.isEmpty || inquiry.isForOne && answer.isPositive { end(answer.number) }
    }

    /// The time is over, or the question could not be asked.
    mutating func end(_ number: UInt64) {
        guard var inquiry = inquiries.removeValue(forKey: number) else { return }
        inquiry.outcome.silent = inquiry.awaited.union(inquiry.lost).sorted()
        inquiry.promise.succeed(inquiry.outcome)
    }
}
