import NIOCore
import TributaryCore
import TributaryProtocol

extension RedisEventLog {
    public func listen(
        to channels: [TributaryProtocol.Channel], of project: ProjectID, as listener: String
    ) -> EventLoopFuture<LogState> {
        let channels = canonical(channels)
        let keys = LogKeys(project, prefix: configuration.prefix)
        let listen = listening("tributary_listen", channels, project, listener)
        let logs = channels.map { RedisCommand("EXISTS", .string(keys.log($0))) }
        return eventLoop.flatSubmit { () -> EventLoopFuture<[RESPValue]> in
            self.listened[project, default: []].formUnion(channels)
            return self.call([listen, LogMeta.command(channels, keys)] + logs)
        }.flatMapThrowing { replies in
            try LogMeta(replies[1], channels: channels, exists: replies[2...].map { $0 != .integer(0) }).state
        }.flatMapErrorThrowing { throw EventLogError($0) }
    }

    public func leave(_ channels: [TributaryProtocol.Channel], of project: ProjectID, as listener: String) {
        let channels = canonical(channels)
        let leave = listening("tributary_leave", channels, project, listener)
        // A listener that could not be taken off counts no more once its connection is gone.
        eventLoop.execute {
            self.listened[project]?.subtract(channels)
            if self.listened[project]?.isEmpty == true { self.listened[project] = nil }
            for answer in self.writes.send([leave]) { answer.whenComplete { _ in } }
        }
    }

    private func listening(
        _ name: String, _ channels: [TributaryProtocol.Channel], _ project: ProjectID, _ listener: String
    ) -> RedisCommand {
        var command = RedisCommand.function(name, of: project, prefix: configuration.prefix)
        command.arguments += [.string(listener)] + channels.map { .string($0.name) }
        return command
    }

    /// Sees to it that who has listened for long is not forgotten: a list of listeners that nobody joins or leaves has a time to
    /// live as every key. With a probe, on the event loop.
    func renewListeners() {
        let now = NIODeadline.now()
        guard now - renewedAt >= .milliseconds(Int64(configuration.renewalIntervalMilliseconds)) else { return }
        renewedAt = now
        let seconds = CatalogLine.timeToLive(catalog)
        let commands = listened.keys.map { project in
            let keys = LogKeys(project, prefix: configuration.prefix)
            // Never less than another node's catalog says.
            return RedisCommand("EXPIRE", .string(keys.listeners), .integer(seconds), "GT")
        }
        for answer in writes.send(commands) { answer.whenComplete { _ in } }
    }
}
