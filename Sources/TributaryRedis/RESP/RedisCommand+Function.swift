import TributaryProtocol

extension RedisCommand {
    /// A function of the library, for one project.
    static func function(_ name: String, of project: ProjectID, prefix: String?) -> RedisCommand {
        let key = "\(prefix.map { $0 + ":" } ?? ""){\(project.rawValue)}"
        return RedisCommand("FCALL", .string(name), "1", .string(key))
    }

    /// The atomic publish: id, append, publish, duplicates and trimming in one call.
    static func publish(_ event: Event, prefix: String?) -> RedisCommand {
        var command = function("tributary_publish", of: event.project, prefix: prefix)
        command.arguments += [.string(event.channel.name), .string(event.name.rawValue), .bytes(event.data)]
        if let id = event.id { command.arguments += ["ID", .integer(id.rawValue)] }
        if let text = event.clientMessageID { command.arguments += ["CLIENT_MSG_ID", .string(text)] }
        if let trace = event.trace { command.arguments += ["TRACEPARENT", .string(trace.rawValue)] }
        if let user = event.recipient { command.arguments += ["TO", .string("user:\(user.rawValue)")] }
        if let user = event.sender { command.arguments += ["FROM", .string("user:\(user.rawValue)")] }
        return command
    }
}

extension PublishReceipt {
    /// What `tributary_publish` answers; `nil` for anything else.
    init?(_ reply: RESPValue) {
        guard let fields = reply.array, fields.count == 2, let duplicate = fields[1].integer else { return nil }
        self.init(id: fields[0].integer.flatMap { UInt64(exactly: $0) }, duplicate: duplicate == 1)
    }
}
