import NIOCore

/// What is subscribed, what should be, and which commands are on their way: decides, and sends nothing itself.
///
/// Redis answers in the order of the commands, so the next answer always belongs to the oldest command. Wishes are
/// collected and sent by ``flush()``, many topics to a command.
///
/// `Name` is what is subscribed: a topic, or the name of a channel in Redis.
struct SubscriptionLedger<Name: Hashable & Sendable> {
    enum Command: Equatable {
        case subscribe([Name])
        case unsubscribe([Name])
    }

    /// What a caller of `subscribe` waits for.
    typealias Waiter = Int

    enum Action: Equatable {
        /// All topics of this caller are confirmed.
        case succeed(Waiter)
        /// One of the caller's topics will not be confirmed now.
        case fail(Waiter, Reason)
        /// Every topic that was wanted when the connection was made has its answer.
        case restored
        /// Redis refused this topic; it stays wanted.
        case refused(Name, String)
        /// The answer does not belong to the command: the connection cannot be trusted.
        case outOfStep
    }

    enum Reason: Equatable {
        case disconnected
        case unsubscribed
        case refused(String)
    }

    private enum Wire: Equatable {
        case none
        /// By the command of this number.
        case subscribing(Int)
        case subscribed
        case unsubscribing(Int)
        case refused
    }

    private struct Record {
        var isWanted = true
        var isDirty = false
        var wire = Wire.none
        var waiters: [Waiter] = []
    }

    private struct InFlight {
        let number: Int
        let command: Command
        var answered = 0
    }

    private var records: [Name: Record] = [:]
    private var dirty: [Name] = []
    private var inFlight = CircularBuffer<InFlight>()
    private var remaining: [Waiter: Int] = [:]
    private var nextWaiter = 0
    private var nextNumber = 0
    /// There is a connection to send commands on.
    private(set) var isConnected = false
    /// The command whose answer completes the restoring; `nil` when it is complete.
    private var restoringUntil: Int?
    private let batch: Int

    /// Topics that somebody wants.
    private(set) var wanted = 0

    var wantedNames: [Name] { records.filter(\.value.isWanted).map(\.key) }

    /// - Parameter batch: topics in one command. 256: about 10 kB, so that Redis serves others in between.
    init(batch: Int = 256) {
        self.batch = batch
    }

    /// Notes the wish.
    ///
    /// - Returns: the caller's number, or `nil` if there is nothing to wait for: all is subscribed already, or there is no
    ///   connection, which the caller knows from ``isConnected``.
    mutating func subscribe(_ topics: some Sequence<Name>) -> Waiter? {
        let waiter = nextWaiter
        var open = 0
        for topic in Set(topics) {
            var record = records[topic] ?? Record(isWanted: false)
            if !record.isWanted { wanted += 1 }
            record.isWanted = true
            if record.wire != .subscribed {
                if isConnected {
                    open += 1
                    record.waiters.append(waiter)
                }
                markDirty(topic, &record)
            }
            records[topic] = record
        }
        guard open > 0 else { return nil }
        nextWaiter += 1
        remaining[waiter] = open
        return waiter
    }

    /// Takes the wish back. Who still waits for a confirmation fails: it would say nothing any more.
    mutating func unsubscribe(_ topics: some Sequence<Name>) -> [Action] {
        var actions: [Action] = []
        for topic in topics {
            guard var record = records[topic], record.isWanted else { continue }
            wanted -= 1
            record.isWanted = false
            actions += fail(&record, .unsubscribed)
            if record.wire == .none || record.wire == .refused, !record.isDirty {
                records[topic] = nil
            } else {
                markDirty(topic, &record)
                records[topic] = record
            }
        }
        return actions
    }

    /// A connection is there: everything wanted has to be subscribed on it.
    mutating func connected() {
        isConnected = true
        for (topic, var record) in records {
            markDirty(topic, &record)
            records[topic] = record
        }
        restoringUntil = Int.max
    }

    /// The connection is gone, and with it all its subscriptions.
    mutating func disconnected() -> [Action] {
        isConnected = false
        inFlight.removeAll()
        dirty.removeAll()
        restoringUntil = nil
        records = records.compactMapValues { $0.isWanted ? Record() : nil }
        defer { remaining.removeAll() }
        return remaining.keys.sorted().map { .fail($0, .disconnected) }
    }

    /// What is to be sent now, in order.
    mutating func flush() -> (commands: [Command], actions: [Action]) {
        guard isConnected else { return ([], []) }
        var subscribe: [Name] = []
        var unsubscribe: [Name] = []
        for topic in dirty {
            guard var record = records[topic] else { continue }
            record.isDirty = false
            switch (record.isWanted, record.wire) {
            case (true, .none), (true, .unsubscribing), (true, .refused): subscribe.append(topic)
            case (false, .subscribed), (false, .subscribing): unsubscribe.append(topic)
            case (false, .none), (false, .refused):
                records[topic] = nil
                continue
            case (true, .subscribing), (true, .subscribed), (false, .unsubscribing): break
            }
            records[topic] = record
        }
        dirty.removeAll(keepingCapacity: true)
        let commands = enqueue(unsubscribe, Command.unsubscribe) + enqueue(subscribe, Command.subscribe)
        var actions: [Action] = []
        if restoringUntil == Int.max {
            restoringUntil = inFlight.isEmpty ? nil : nextNumber - 1
            if restoringUntil == nil { actions.append(.restored) }
        }
        return (commands, actions)
    }

    /// Redis confirmed the next topic of the oldest command.
    mutating func confirmed(subscription: Bool) -> [Action] {
        guard let first = inFlight.first else { return [.outOfStep] }
        let topics: [Name]
        switch first.command {
        case .subscribe(let list):
            guard subscription else { return [.outOfStep] }
            topics = list
        case .unsubscribe(let list):
            guard !subscription else { return [.outOfStep] }
            topics = list
        }
        let topic = topics[first.answered]
        inFlight[inFlight.startIndex].answered += 1
        var actions: [Action] = []
        if var record = records[topic] {
            if record.wire == .subscribing(first.number) {
                record.wire = .subscribed
                actions += succeed(&record)
                records[topic] = record
            } else if record.wire == .unsubscribing(first.number) {
                record.wire = .none
                records[topic] = record.isWanted || record.isDirty ? record : nil
            }
        }
        return first.answered + 1 == topics.count ? actions + finishCommand() : actions
    }

    /// Redis refused the oldest command. One topic may have spoilt it for all, so they are asked for one by one.
    mutating func refused(_ text: String) -> (commands: [Command], actions: [Action]) {
        guard let first = inFlight.first, case .subscribe(let topics) = first.command, first.answered == 0 else {
            return ([], [.outOfStep])
        }
        var actions: [Action] = []
        var commands: [Command] = []
        if topics.count == 1, let topic = topics.first {
            if var record = records[topic], record.wire == .subscribing(first.number) {
                record.wire = .refused
                actions += fail(&record, .refused(text))
                actions.append(.refused(topic, text))
                records[topic] = record
            }
        } else {
            let again = topics.filter { records[$0]?.wire == .subscribing(first.number) }
            for topic in again { commands += enqueue([topic], Command.subscribe) }
            if let until = restoringUntil, until != Int.max, !again.isEmpty { restoringUntil = nextNumber - 1 }
        }
        return (commands, actions + finishCommand())
    }

    /// Topics that Redis refused are asked for again with the next ``flush()``: permissions change.
    mutating func retryRefused() {
        for (topic, var record) in records where record.wire == .refused && record.isWanted {
            markDirty(topic, &record)
            records[topic] = record
        }
    }

    private mutating func finishCommand() -> [Action] {
        guard let finished = inFlight.popFirst(), let until = restoringUntil, until != Int.max,
            finished.number >= until
        else { return [] }
        restoringUntil = nil
        return [.restored]
    }

    private mutating func enqueue(_ topics: [Name], _ make: ([Name]) -> Command) -> [Command] {
        var commands: [Command] = []
        var start = 0
        while start < topics.count {
            let end = min(start + batch, topics.count)
            let command = make(Array(topics[start..<end]))
            let number = nextNumber
            nextNumber += 1
            for topic in topics[start..<end] {
                if case .subscribe = command {
                    records[topic]?.wire = .subscribing(number)
                } else {
                    records[topic]?.wire = .unsubscribing(number)
                }
            }
            inFlight.append(InFlight(number: number, command: command))
            commands.append(command)
            start = end
        }
        return commands
    }

    private mutating func markDirty(_ topic: Name, _ record: inout Record) {
        guard isConnected, !record.isDirty else { return }
        record.isDirty = true
        dirty.append(topic)
    }

    private mutating func succeed(_ record: inout Record) -> [Action] {
        defer { record.waiters.removeAll() }
        return record.waiters.compactMap { waiter in
            guard let open = remaining[waiter] else { return nil }
            remaining[waiter] = open > 1 ? open - 1 : nil
            return open > 1 ? nil : .succeed(waiter)
        }
    }

    private mutating func fail(_ record: inout Record, _ reason: Reason) -> [Action] {
        defer { record.waiters.removeAll() }
        return record.waiters.compactMap { waiter in
            remaining.removeValue(forKey: waiter).map { _ in .fail(waiter, reason) }
        }
    }
}
