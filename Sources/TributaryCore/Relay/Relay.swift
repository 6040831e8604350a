import NIOCore
import ServiceLifecycle
import TributaryProtocol

/// Port: carries events between hub nodes and from publishers. At most once; order is kept per publisher and topic.
///
/// `run()` holds the connection until it is cancelled or the service group shuts down; a relay that cannot connect keeps
/// trying and never throws for that. Whatever is not marked otherwise is called on ``eventLoop``.
public protocol Relay: Service {
    /// The loop on which the relay lives and calls its receiver.
    var eventLoop: any EventLoop { get }

    /// `redis` or `memory`, for `/stats`.
    var kind: String { get }

    /// Sets who hears the relay. Called once, from any thread, before `run()`.
    func attach(_ receiver: any RelayReceiver)

    /// Subscribes. The future succeeds once the relay has confirmed: what is published after that is received.
    ///
    /// Fails with ``RelayError/unavailable(_:)`` if there is no connection now or it is lost before the confirmation;
    /// the relay remembers the topics all the same and subscribes with the next connection.
    func subscribe(to topics: [Topic]) -> EventLoopFuture<Void>

    /// Ends subscriptions; a message already on its way may still arrive.
    func unsubscribe(from topics: [Topic])

    /// Publishes the bytes of one envelope. From any thread.
    ///
    /// - Throws: ``RelayError/unavailable(_:)`` without a connection; then nothing was published. If the connection is
    ///   lost before the answer, it is unknown whether it was.
    func publish(_ payload: ByteBuffer, to topic: Topic) async throws

    /// Sends a message to the node of that name, or with `nil` to all nodes, this one included. At most once; what one thread
    /// tells is heard in its order. From any thread.
    ///
    /// The future fails with ``RelayError``: `.unavailable` while there is no connection, and before `run()`; `.refused` for
    /// more than 1 MiB. That it succeeds does not say that anybody heard it.
    func tell(_ message: ByteBuffer, node: String?) -> EventLoopFuture<Void>

    /// Names the connection that subscriptions are made on; another one after each reconnection. While it is up, the relay
    /// listens to its name in Redis, so that others can tell whether it lives.
    var session: String { get }

    /// How the relay does. From any thread.
    var status: RelayStatus { get }
}

/// A relay that nobody has to wait for.
public protocol ImmediateRelay: Relay {
    /// Publishes as ``Relay/publish(_:to:)`` does, before it returns. From any thread.
    ///
    /// - Throws: ``RelayError/unavailable(_:)``; then nothing was published.
    func send(_ payload: ByteBuffer, to topic: Topic) throws
}

/// Who hears a relay. Every call is made on the relay's event loop.
public protocol RelayReceiver: AnyObject, Sendable {
    /// One message. `payload` is valid only during the call.
    func relayReceived(_ payload: UnsafeRawBufferPointer, on topic: Topic)

    /// One message of ``Relay/tell(_:node:)``, from any node.
    func relayHeard(_ message: ByteBuffer)

    /// What one read of the socket held has been handed over: now is the time to pass it on.
    func relayFinishedBatch()

    /// A message was refused before it could be handed over, such as one that is too large.
    func relayRejected(_ reason: Envelope.Rejection, on topic: Topic)

    /// The connection is gone, or silently dead: messages may be lost from now on.
    func relayDisconnected()

    /// The connection is back and every subscription confirmed; what was published in between is lost.
    func relayReconnected()
}
