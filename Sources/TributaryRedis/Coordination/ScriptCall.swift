/// One run of a script. All keys are in one slot.
struct ScriptCall: Sendable {
    var script: CoordinationScript
    var keys: [String]
    var arguments: [RedisArgument]
    /// The users or streams that it is about.
    var members = 1

    /// In scripts about one: each further one takes a quarter of the time.
    var weight: Int { 1 + members / 4 }

    /// - Parameter digest: what Redis calls the script that it has; `nil` sends the script itself.
    func command(digest: String?) -> RedisCommand {
        let head: [RedisArgument] =
            if let digest { ["EVALSHA", .string(digest)] } else { ["EVAL", .string(script.text)] }
        return RedisCommand(arguments: head + [.integer(keys.count)] + keys.map { .string($0) } + arguments)
    }
}
