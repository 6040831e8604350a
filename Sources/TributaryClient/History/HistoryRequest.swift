import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TributaryProtocol

/// Asks a hub for one page of history.
struct HistoryRequest: Sendable {
    let http: HTTPClient
    let url: URL
    let token: String?
    let headTimeout: Duration
    let maximumBytes: Int

    /// 2 minutes: a page is a few MiB at most, on whatever link.
    private static let bodyTimeout = Duration.seconds(120)

    /// Sends the request and follows redirects.
    ///
    /// - Throws: `HTTPRefusal`, `HistoryPage.Malformed`, ``TributaryClientError``, `CancellationError`.
    func page() async throws -> HistoryPage {
        var redirects = Redirects(from: url)
        while true {
            let request = request(redirects)
            let response = try await Self.limited(to: headTimeout) {
                try await http.execute(request, deadline: .distantFuture)
            }
            let status = Int(response.status.code)
            if Redirects.isRedirect(status) {
                try redirects.follow(response.headers.first(name: "Location"))
                continue
            }
            let maximumBytes = status == 200 ? maximumBytes : 16 << 10
            let body = await Result {
                try await Self.limited(to: Self.bodyTimeout) { try await response.body.collect(upTo: maximumBytes) }
            }
            guard status == 200 else {
                throw HTTPRefusal(
                    status: status,
                    body: Data(((try? body.get()) ?? ByteBuffer()).readableBytesView),
                    retryAfter: response.headers.first(name: "Retry-After").flatMap {
                        RetryAfter.duration($0, now: Date())
                    }
                )
            }
            return try HistoryPage.scan(try body.get())
        }
    }

    private func request(_ redirects: Redirects) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: redirects.url.absoluteString)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "Accept-Encoding", value: "identity")
        request.headers.add(name: "Cache-Control", value: "no-store")
        if redirects.sendsCredentials, let token {
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        return request
    }

    private static func limited<Value: Sendable>(
        to limit: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let answer: Result<Value, any Error>? = await withTaskGroup { group in
            group.addTask { await Result { try await body() } }
            group.addTask {
                await Result {
                    try await ContinuousClock().sleep(for: limit)
                    throw TributaryClientError.connectTimedOut(after: limit)
                }
            }
            defer { group.cancelAll() }
            return await group.next()
        }
        try Task.checkCancellation()
        switch answer {
        case .success(let value): return value
        case .failure(let error as TributaryClientError): throw error
        case .failure(let error): throw TributaryClientError.connectionFailed(error)
        case nil: throw CancellationError()
        }
    }
}
