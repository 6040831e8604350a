import AsyncHTTPClient
import TributaryProtocol

/// One connection from request to end: the reader, the watchdog beside it, and the program that may end it.
struct StreamConnection: Sendable {
    struct Outcome: Sendable {
        var machine: ConnectionMachine
        var token: String?
        /// `nil` if the task was cancelled.
        var ending: StreamEnding?
        var lived: Duration?
    }

    let client: TributaryClient
    let http: HTTPClient
    let channels: Set<Channel>?
    let generation: Int
    let machine: ConnectionMachine
    let token: String?

    /// Returns when the connection is gone, and every task with it.
    func run() async -> Outcome {
        let gate = ReadGate()
        var outcome = Outcome(machine: machine, token: token)
        await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await read(gate) }
            group.addTask {
                await gate.watch()
                return nil
            }
            group.addTask {
                await awaitProgram(gate)
                return nil
            }
            // Whichever is first ends the others.
            for await result in group {
                group.cancelAll()
                if let result { outcome = result }
            }
        }
        outcome.ending = gate.ending
        outcome.lived = gate.lived
        return outcome
    }

    /// Returns when the program wants this connection ended and the reader can be cancelled for it.
    private func awaitProgram(_ gate: ReadGate) async {
        await client.waitForWaker { state in
            state.ending(ofGeneration: generation).map(gate.request) ?? false
        }
    }

    private func read(_ gate: ReadGate) async -> Outcome {
        var machine = machine
        var token = token
        if machine.needsToken {
            guard gate.beginWaiting(atMost: nil) else { return Outcome(machine: machine, token: token) }
            let answer = await Result { try await client.token?() }
            guard gate.endWaiting() else { return Outcome(machine: machine, token: token) }
            switch answer {
            case .success(let fresh):
                token = fresh
                machine.gotToken()
            case .failure(let error):
                gate.end(.failed(.tokenUnavailable(error)))
                return Outcome(machine: machine, token: token)
            }
        }
        do {
            if let body = try await open(token: token, gate) {
                gate.opened()
                machine.opened()
                await client.publish(machine.status)
                try await read(body, gate, &machine, &token)
            }
        } catch let error as TributaryClientError {
            gate.end(.failed(error))
        } catch is ServerSentEventDecoder.EventTooLarge {
            gate.end(.failed(.eventTooLarge(limit: client.configuration.maximumEventBytes)))
        } catch {
            // A cancelled task's errors are of no interest, and who cancelled it knows why.
            if !Task.isCancelled { gate.end(.failed(.connectionFailed(error))) }
        }
        return Outcome(machine: machine, token: token)
    }

    private func open(token: String?, _ gate: ReadGate) async throws -> HTTPClientResponse.Body? {
        let position = client.position
        let attempt = StreamAttempt(
            http: http,
            // Set on the clients that this library makes; nobody can tell of others.
            decodes: client.injectedHTTP == nil ? ["gzip", "deflate"] : [],
            url: try client.endpoint.request(channels: channels, position: position),
            token: token,
            lastEventID: position.lastEventID,
            connectTimeout: client.configuration.reconnect.connectTimeout,
            gate: gate
        )
        return try await attempt.open()
    }

    /// Reads until the stream ends, and hands over what it brings.
    private func read(
        _ body: HTTPClientResponse.Body, _ gate: ReadGate, _ machine: inout ConnectionMachine, _ token: inout String?
    ) async throws {
        let feed = ChunkFeed()
        // Ends with this function, whichever way it returns.
        async let _ = feed.fill(from: body)
        let configuration = client.configuration
        var reader = StreamReader(
            lastEventID: client.position.lastEventID, maximumEventBytes: configuration.maximumEventBytes
        )
        var silence = (configuration.heartbeat ?? .seconds(25)) * 2.5
        var items: [StreamReader.Item] = []
        while gate.beginWaiting(atMost: silence) {
            let chunk = await Result { try await feed.next() }
            guard gate.endWaiting() else { return }
            guard let bytes = try chunk.get() else { return gate.end(.failed(.cut)) }
            items.removeAll(keepingCapacity: true)
            let fault = Result { try reader.read(bytes, into: &items) }
            for item in items {
                // The position is that of the last event handed over, so the rest comes again.
                if let ending = client.ending(ofGeneration: generation) { return gate.end(ending) }
                if Task.isCancelled { return }
                switch item {
                case .event(let event):
                    await client.deliver(event)
                case .connected(let connection, let event):
                    if let heartbeat = connection.heartbeat { silence = heartbeat * 2.5 }
                    client.connected(connection)
                    await client.deliver(event)
                case .serverClose(let ending, let event):
                    await client.deliver(event)
                    // Its frame's `retry:` is for clients that do not read `retry_ms`: the stream's own stays.
                    return gate.end(ending)
                case .missed(let missed, let gap):
                    guard try await catchUp(missed, gap: gap, feed, gate, token: &token) else { return }
                }
            }
            if Task.isCancelled { return }
            try fault.get()
            if let id = reader.idWithoutEvent() { client.move(to: id) }
            if let retry = reader.retryMilliseconds { machine.take(retryMilliseconds: retry) }
        }
    }
}
