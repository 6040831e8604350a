import Foundation
import NIOCore
import TributaryProtocol

extension StreamConnection {
    /// Hands over what a replay left out, page by page, before anything that comes live.
    ///
    /// Meanwhile `feed` holds the live events. Where the rest cannot be had, the program gets `gap`, and the stream goes on.
    /// - Returns: false if the connection is over; the gate knows why, if it was not the task that was cancelled. The
    ///   position is then that of the last event handed over.
    func catchUp(
        _ missed: Missed, gap: StreamEvent, _ feed: ChunkFeed, _ gate: ReadGate, token: inout String?
    ) async throws -> Bool {
        feed.hold(upTo: client.configuration.catchUpBuffer)
        defer { feed.hold(upTo: 0) }
        var catchUp = CatchUp(
            missed, policy: client.configuration.reconnect, hasTokenSource: client.token != nil
        )
        var action = catchUp.first
        while true {
            switch action {
            case .fetch(let after):
                guard gate.beginWaiting(atMost: nil) else { return false }
                let request = try historyRequest(after: after, token: token)
                let answer = await Result { try await request.page() }
                guard gate.endWaiting(), !Task.isCancelled else { return false }
                switch answer {
                case .success(let page):
                    guard await handOver(page, gap: gap, gate) else { return false }
                    action = catchUp.handedOver(page)
                case .failure(let error):
                    action = catchUp.failed(error, jitter: .random(in: 0...1))
                    // A 401 that asks for a new token is no fault yet.
                    if case .renewToken = action { continue }
                    await client.dispatcher.report(.historyUnavailable(error))
                }
            case .renewToken(let after):
                guard gate.beginWaiting(atMost: nil) else { return false }
                let answer = await Result { try await client.token?() }
                guard gate.endWaiting(), !Task.isCancelled else { return false }
                switch answer {
                case .success(let fresh):
                    token = fresh
                    action = .fetch(after: after)
                case .failure(let error):
                    action = catchUp.gotNoToken(jitter: .random(in: 0...1))
                    await client.dispatcher.report(.tokenUnavailable(error))
                }
            case .wait(let delay):
                guard gate.beginWaiting(atMost: nil) else { return false }
                await Self.wait(delay, unlessEnded: feed)
                guard gate.endWaiting(), !Task.isCancelled else { return false }
                if feed.hasEnded {
                    // What it held comes again, after what is missing.
                    gate.end(.failed(.cut))
                    return false
                }
                action = .fetch(after: catchUp.after)
            case .finished:
                return true
            case .giveUp:
                await client.deliver(gap)
                return true
            }
        }
    }

    private func historyRequest(after: UInt64, token: String?) throws -> HistoryRequest {
        let configuration = client.configuration
        return HistoryRequest(
            http: http,
            url: try client.endpoint.history(
                channels: channels, after: after,
                // What comes live as well must be known when it does.
                limit: min(HistoryPage.maximumLimit, max(1, configuration.rememberedIDs / 2))
            ),
            token: token,
            headTimeout: configuration.reconnect.connectTimeout,
            // 8 MiB: twice what a hub puts into a page, but for the event that goes beyond.
            maximumBytes: 8 << 20 + configuration.maximumEventBytes
        )
    }

    /// - Returns: false if the connection is over.
    private func handOver(_ page: HistoryPage, gap: StreamEvent, _ gate: ReadGate) async -> Bool {
        if let missing = page.gap {
            guard mayGoOn(gate) else { return false }
            await client.deliver(gap.narrowed(to: missing))
        }
        for event in page.events {
            guard mayGoOn(gate) else { return false }
            await client.deliver(
                StreamEvent(
                    name: event.name, data: String(buffer: event.data), id: String(event.id.rawValue), isReplay: true
                )
            )
        }
        return mayGoOn(gate)
    }

    private func mayGoOn(_ gate: ReadGate) -> Bool {
        if let ending = client.ending(ofGeneration: generation) { gate.end(ending) }
        return gate.ending == nil && !Task.isCancelled
    }

    private static func wait(_ delay: Duration, unlessEnded feed: ChunkFeed) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await ContinuousClock().sleep(for: delay) }
            group.addTask { await feed.waitForEnd() }
            await group.next()
            group.cancelAll()
        }
    }
}

extension StreamEvent {
    /// A `gap` that names what the log cannot give, in place of all that the replay left out.
    fileprivate func narrowed(to missing: HistoryPage.Missing) -> StreamEvent {
        guard var gap = try? decode(as: Gap.self) else { return self }
        gap.from = missing.from
        gap.to = missing.to
        guard let data = try? JSONEncoder().encode(gap) else { return self }
        var event = self
        event.data = String(decoding: data, as: UTF8.self)
        return event
    }
}
