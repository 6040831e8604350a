import struct NIOCore.ByteBuffer
import TributaryCore
import TributaryProtocol

/// Operations on the log that are committed together, within one transaction.
///
/// What is wrong with an operation is its result; what throws is the file's fault, and ends the batch.
struct LogBatch {
    let store: LogStore
    let relay: MemoryRelay
    let marksLapses: Bool
    let clock: @Sendable () -> UInt64
    let isAlive: @Sendable (String) -> Bool
    var projects: [ProjectID: StoredProject]
    /// Projects whose logs in memory may not be as in the file if the batch fails.
    private(set) var touched: Set<ProjectID> = []
    /// For the relay, once the batch is committed; it keeps room for them.
    private(set) var outgoing: [(payload: ByteBuffer, topic: Topic)] = []

    init(
        store: LogStore, relay: MemoryRelay, marksLapses: Bool, clock: @escaping @Sendable () -> UInt64,
        isAlive: @escaping @Sendable (String) -> Bool, projects: [ProjectID: StoredProject]
    ) {
        self.store = store
        self.relay = relay
        self.marksLapses = marksLapses
        self.clock = clock
        self.isAlive = isAlive
        self.projects = projects
    }

    // MARK: Operations

    mutating func publish(_ event: Event) throws -> Result<PublishReceipt, any Error> {
        try change(event.project) { batch, project in
            let publication: Publication
            switch Result(catching: { try project.log.plan(event, now: batch.clock()) }) {
            case .failure(let error): return .failure(error)
            case .success(.duplicate(let receipt)): return .success(receipt)
            case .success(.publish(let planned)): publication = planned
            }
            do {
                try batch.relay.reserve(publication.envelope.readableBytes)
            } catch {
                return .failure(EventLogError.unavailable("\(error)"))
            }
            batch.outgoing.append((publication.envelope, publication.topic))
            project.log.take(publication)
            if let key = publication.dedupeKey {
                let row = try batch.row(of: event.project, &project)
                try batch.store.insert(key, id: publication.placement?.id, at: publication.time, of: row)
            }
            if let placement = publication.placement {
                try batch.store(event.project, &project, at: placement.position, in: publication.channel)
            }
            return .success(publication.receipt)
        }
    }

    mutating func record(_ events: [HeardEvent], of name: ProjectID) throws -> Result<[RecordOutcome], any Error> {
        try change(name) { batch, project in
            var outcomes: [RecordOutcome] = []
            for event in events {
                switch Result(catching: { try project.log.record(event, now: batch.clock()) }) {
                case .failure(let error): return .failure(error)
                case .success(let outcome):
                    outcomes.append(outcome)
                    guard case .appended(let placement) = outcome,
                        let channel = batch.store.catalog.index(of: event.channel.name)
                    else { continue }
                    try batch.store(name, &project, at: placement.position, in: channel)
                }
            }
            return .success(outcomes)
        }
    }

    mutating func listen(to indices: [Int], of name: ProjectID, as listener: String) throws -> LogState {
        try change(name) { batch, project in
            project.log.listen(to: indices, as: listener, marksLapses: batch.marksLapses, isAlive: batch.isAlive)
            return project.log.state(of: indices)
        }
    }

    mutating func leave(_ indices: [Int], of name: ProjectID, as listener: String) throws {
        try change(name) { _, project in project.log.leave(indices, as: listener) }
    }

    mutating func read(_ indices: [Int], of name: ProjectID, after cursor: LogCursor, limit: Int) throws -> LogPage {
        try change(name) { batch, project in
            let now = batch.clock()
            for index in indices {
                let floor = project.log.channels[index].floor
                project.log.trim(index, now: now)
                if project.log.channels[index].floor != floor { project.changed.insert(index) }
            }
            return project.log.read(indices, after: cursor, limit: min(max(limit, 1), 1_000))
        }
    }

    /// Lets go of what has expired, in memory and in the file, and of memory that nobody has asked for since
    /// `idleSince`.
    mutating func sweep(idleSince: UInt64, limit: Int) throws {
        let now = clock()
        try store.expireMessages(now: now)
        let unloaded = try store.expiredProjects(now: now).filter { projects[$0] == nil }
        for name in unloaded.prefix(limit) + projects.keys {
            try change(name, isUse: false) { _, project in
                for index in project.log.channels.indices {
                    let floor = project.log.channels[index].floor
                    project.log.trim(index, now: now)
                    if project.log.channels[index].floor != floor { project.changed.insert(index) }
                }
                project.log.dedupe.expire(now: now)
            }
        }
        try save()
        for (name, project) in projects where project.usedAt < idleSince && !project.isListenedTo {
            projects[name] = nil
        }
    }

    // MARK: Rows

    /// Writes what has changed; the last thing before the commit.
    mutating func save() throws {
        let now = clock()
        for name in touched {
            guard var project = projects.removeValue(forKey: name) else { continue }
            if project.log.isOver(now: now) {
                if let row = project.row { try store.delete(row) }
                continue
            }
            if !project.changed.isEmpty { try store.save(&project) }
            projects[name] = project
        }
    }

    /// Writes the entry that was just appended, unless it was trimmed at once.
    private func store(
        _ name: ProjectID, _ project: inout StoredProject, at position: LogPosition, in channel: Int
    ) throws {
        let row = try row(of: name, &project)
        if let entry = project.log.channels[channel].entry(at: position) { try store.insert(entry, of: row) }
        project.changed.insert(channel)
    }

    private func row(of name: ProjectID, _ project: inout StoredProject) throws -> Int64 {
        if let row = project.row { return row }
        let row = try store.insertProject(name)
        project.row = row
        return row
    }

    private mutating func change<Answer>(
        _ name: ProjectID, isUse: Bool = true, _ body: (inout LogBatch, inout StoredProject) throws -> Answer
    ) throws -> Answer {
        touched.insert(name)
        // Taken out, so that it is changed in place and not copied.
        var project = try projects.removeValue(forKey: name) ?? store.load(name, now: clock())
        if isUse { project.usedAt = clock() }
        defer { projects[name] = project }
        return try body(&self, &project)
    }
}
