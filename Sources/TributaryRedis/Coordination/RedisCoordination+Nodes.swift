import NIOCore
import TributaryCore

extension RedisCoordination {
    public func beat(_ node: String, figures: ByteBuffer) -> EventLoopFuture<[NodeRecord]> {
        let lost = times.nodeLost
        let call = ScriptCall(
            script: .beat, keys: keys.nodes,
            arguments: [.integer(times.nodeMemory), .string(node), .bytes(figures)])
        return eventLoop.flatSubmit { self.call([call]) }.flatMapThrowing { replies in
            try (replies[0].array ?? []).map { try NodeRecord($0, lost: lost) }.sorted { $0.name < $1.name }
        }.flatMapErrorThrowing { throw CoordinationError($0) }
    }

    public func leave(_ node: String) -> EventLoopFuture<Void> {
        let call = ScriptCall(script: .leaveNodes, keys: keys.nodes, arguments: [.string(node)])
        return eventLoop.flatSubmit { self.perform([call]) }
    }
}

extension NodeRecord {
    /// Reads an element of what `node_beat.lua` answers.
    fileprivate init(_ reply: RESPValue, lost: Int) throws(RedisError) {
        let fields = reply.array ?? []
        guard fields.count == 3, let name = fields[0].string, case .bulkString(let figures) = fields[1],
            let silent = fields[2].integer
        else { throw .protocolViolation("the node directory answered something else") }
        self.init(name: name, figures: figures, silentMilliseconds: UInt64(clamping: silent), isLost: silent >= lost)
    }
}
