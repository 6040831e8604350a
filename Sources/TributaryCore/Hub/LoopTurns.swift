/// Says when an event loop has looked at its sockets. Lives on its event loop.
public protocol LoopTurns: AnyObject, Sendable {
    /// Calls `work` when the loop has looked at its sockets next.
    func afterSockets(_ work: @escaping () -> Void)
}
