import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Fetches an issuer's keys.
struct JWKSClient: Sendable {
    let location: JWKSLocation

    /// 5 s: a token waits for it.
    private static let timeout = Duration.seconds(5)

    /// One for the process, like the library's own shared one, and never shut down: a few requests an hour. It follows no redirect,
    /// which could lead to where nobody vouches for the answer.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }()

    /// - Throws: whatever went wrong, also ``JWTKeyError``.
    func fetch() async throws -> [JWTKey] {
        let body = try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask { try await answer() }
            group.addTask {
                try await Task.sleep(for: Self.timeout)
                throw JWTKeyError("no answer within \(Self.timeout)")
            }
            defer { group.cancelAll() }
            guard let body = try await group.next() else { throw CancellationError() }
            return body
        }
        return try JSONWebKeySet(body, isTrusted: false).keys
    }

    private func answer() async throws -> ByteBuffer {
        var request = HTTPClientRequest(url: location.url)
        request.headers.add(name: "Accept", value: "application/jwk-set+json, application/json")
        // No logger is handed over: the URL's query may hold a key of its own.
        let response = try await Self.http.execute(request, timeout: .seconds(5))
        guard response.status == .ok else { throw JWTKeyError("the answer's status is \(response.status.code)") }
        do {
            return try await response.body.collect(upTo: JWTKey.maximumFileBytes)
        } catch is NIOTooManyBytesError {
            throw JWTKeyError("the answer is larger than 1 MiB")
        }
    }
}
