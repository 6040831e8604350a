import NIOCore
import NIOHTTP1

// What a request may take of the wire, and of the memory for all bodies.
extension ConnectionGate {
    func count(_ part: HTTPServerRequestPart) {
        switch part {
        case .head, .end: wire.bytes = 0
        case .body(let bytes): wire.bytes -= bytes.readableBytes
        }
    }

    /// Refuses a request that takes more of the wire than its parts do: four times the limit before the head is complete, where each
    /// name and value has its separators; as much again as a body may be long, for a body in small chunks.
    func checkWire() {
        switch state.phase {
        case .awaitingHead where wire.bytes > 4 * services.limits.headBytes: perform(state.refuse(.headTooLarge))
        case .receivingBody where wire.bytes > services.limits.headBytes + services.limits.bodyBytes:
            perform(state.refuse(.bodyTooLarge))
        default: break
        }
    }

    /// Makes room for what has come of a body.
    func holdBody() {
        guard let context, state.phase == .receivingBody, state.bodyBytes > heldBytes else { return }
        heldBytes = state.bodyBytes
        if !services.connections.hold(heldBytes, context.channel) { perform(state.refuse(.tooBusy)) }
    }

    func releaseBody() {
        guard heldBytes > 0, let context else { return }
        heldBytes = 0
        _ = services.connections.hold(0, context.channel)
    }
}
