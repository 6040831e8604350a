import AsyncHTTPClient
import Foundation
import NIOConcurrencyHelpers
import TributaryProtocol

extension TributaryClient {
    /// The whole life of a run: connections and the waits between them.
    ///
    /// - Returns: the error that ended it, if one did.
    func stayConnected(through http: HTTPClient) async -> TributaryClientError? {
        var machine = ConnectionMachine(policy: configuration.reconnect, hasTokenSource: token != nil)
        var token: String?
        while !isEnding {
            let (channels, generation) = state.withLockedValue { ($0.selection.channels, $0.generation) }
            if channels?.isEmpty == true {
                machine.idle()
                await publish(machine.status)
                await waitForWaker { state in state.isClosing || state.generation != generation }
                continue
            }
            machine.connecting()
            await publish(machine.status)
            let connection = StreamConnection(
                client: self, http: http, channels: channels, generation: generation, machine: machine, token: token
            )
            let outcome = await connection.run()
            (machine, token) = (outcome.machine, outcome.token)
            guard let ending = outcome.ending, !Task.isCancelled else { break }
            let action = machine.ended(ending, lived: outcome.lived, jitter: .random(in: 0...1))
            let error = ending.error
            // A 401 that asks for a new token is no fault yet.
            if let error, action != .connect { await dispatcher.report(error) }
            switch action {
            case .connect: continue
            case .wait(let delay):
                await publish(machine.status)
                await wait(delay)
            case .stop:
                await publish(machine.status)
                return error
            }
        }
        await publish(.disconnected)
        return nil
    }

    var isEnding: Bool { Task.isCancelled || state.withLockedValue { $0.isClosing } }

    /// Whether and how the program wants a connection to end that began with this generation of channels.
    func ending(ofGeneration generation: Int) -> StreamEnding? {
        state.withLockedValue { $0.ending(ofGeneration: generation) }
    }

    /// Waits out a backoff; `close()` cuts it short, new channels do not.
    private func wait(_ delay: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await ContinuousClock().sleep(for: delay) }
            group.addTask { await self.waitForWaker { $0.isClosing } }
            await group.next()
            group.cancelAll()
        }
    }

    /// Returns when `condition` holds, or the task is cancelled. Asked again when the client is to close and when its
    /// channels change. One waits at a time.
    func waitForWaker(until condition: @Sendable (State) -> Bool) async {
        let (signal, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLockedValue { $0.waker = continuation }
        defer { state.withLockedValue { $0.waker = nil } }
        // What changed before the waker stood there is looked at now.
        continuation.yield()
        for await _ in signal {
            if state.withLockedValue({ condition($0) }) { return }
        }
    }
}

extension TributaryClient.State {
    func ending(ofGeneration generation: Int) -> StreamEnding? {
        if isClosing { .closing } else if self.generation != generation { .channelsChanged } else { nil }
    }
}

extension StreamEnding {
    /// What to tell the program, if the ending is a fault.
    var error: TributaryClientError? {
        switch self {
        case .failed(let error): error
        case .refused(let refusal): .refused(refusal)
        case .noContent, .serverClosed, .channelsChanged, .closing: nil
        }
    }
}
