import DequeModule
import NIOCore

/// Who types at this node, and until when that is believed. Decides only; lives on its ``Typing``'s event loop.
struct TypingUsers {
    struct Typist: Equatable {
        let owner: StreamOwner
        /// What the user is to the project.
        let type: String
    }

    private struct Word {
        let typist: Typist
        let deadline: NIODeadline
        /// Tells the user's last word from those before it.
        let number: UInt64
    }

    private let limit: Int
    private let time: TimeAmount
    /// In the order of their deadlines, as everybody is believed for as long. Words that were taken back are passed over.
    private var words: Deque<Word> = []
    /// The number of each user's last word.
    private var last: [StreamOwner: UInt64] = [:]
    private var number: UInt64 = 0

    /// - Parameter limit: at most so many users.
    init(limit: Int, time: TimeAmount) {
        self.limit = limit
        self.time = time
    }

    var count: Int { last.count }

    /// When the next of them has to say it again.
    var deadline: NIODeadline? { words.first?.deadline }

    /// A user types.
    ///
    /// - Returns: who makes room for it, where there are too many: the one who said it longest ago.
    mutating func start(_ typist: Typist, now: NIODeadline) -> Typist? {
        number += 1
        last[typist.owner] = number
        words.append(Word(typist: typist, deadline: now + time, number: number))
        let displaced = last.count > limit ? removeFirst() : nil
        // Words that were repeated or taken back are no more than those that count.
        if words.count > 2 * limit { words.removeAll { last[$0.typist.owner] != $0.number } }
        return displaced
    }

    /// A user has stopped, or says at another node that it types.
    mutating func stop(_ owner: StreamOwner) { last[owner] = nil }

    /// Those whose time is over.
    mutating func expire(now: NIODeadline) -> [Typist] {
        var expired: [Typist] = []
        while let word = words.first, word.deadline <= now || last[word.typist.owner] != word.number {
            if let typist = take(words.removeFirst()) { expired.append(typist) }
        }
        return expired
    }

    private mutating func removeFirst() -> Typist? {
        while let word = words.popFirst() {
            if let typist = take(word) { return typist }
        }
        return nil
    }

    private mutating func take(_ word: Word) -> Typist? {
        guard last[word.typist.owner] == word.number else { return nil }
        last[word.typist.owner] = nil
        return word.typist
    }
}
