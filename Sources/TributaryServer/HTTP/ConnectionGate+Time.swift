import NIOCore

/// How long a client may take.
extension ConnectionGate: NIOScheduledCallbackHandler {
    func handleScheduledCallback(eventLoop: some EventLoop) {
        timer = nil
        perform(state.timedOut(tell: timeout != .idle))
    }

    /// Starts the time for a body that did not come with its head, and for the next request.
    func settleTimer() {
        if state.isIdle, timer == nil {
            arm(.idle)
        } else if state.phase == .receivingBody, timer == nil || timeout != .body {
            arm(.body)
        }
    }

    func arm(_ timeout: Timeout) {
        disarm()
        self.timeout = timeout
        let limits = services.limits
        let time =
            switch timeout {
            case .head: limits.headTimeout
            case .body: limits.bodyTimeout
            case .idle: limits.idleTimeout
            case .linger: limits.lingerTimeout
            case .answer: limits.bodyTimeout
            }
        // Whatever is timed, the client is waited for.
        if let context { services.connections.wait(context.channel) }
        let deadline = firstHeadDeadline ?? .now() + time
        firstHeadDeadline = nil
        timer = try? context?.eventLoop.assumeIsolated().scheduleCallback(at: deadline, handler: self)
    }

    func disarm() {
        timer?.cancel()
        timer = nil
    }
}
