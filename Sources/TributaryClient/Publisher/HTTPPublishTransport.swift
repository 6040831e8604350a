public import AsyncHTTPClient
public import Foundation
import struct NIOCore.ByteBuffer
import NIOHTTP1
public import TributaryProtocol

/// Publishes through a hub's `POST /publish`.
public struct HTTPPublishTransport: PublishTransport {
    private let url: URL
    private let token: (@Sendable () async throws -> String?)?
    private let http: HTTPClient
    private let timeout: Duration

    /// - Parameters:
    ///   - url: where the hub is, such as `http://localhost:8080`; `/publish` is added.
    ///   - token: gives the bearer token of each request, or `nil` to send none.
    ///   - httpClient: the client to send through, whose owner shuts it down; `nil`: one that all transports share.
    ///   - timeout: from the call to the whole answer.
    public init(
        url: URL,
        token: (@Sendable () async throws -> String?)? = nil,
        httpClient: HTTPClient? = nil,
        timeout: Duration = .seconds(10)
    ) {
        self.url = url
        self.token = token
        http = httpClient ?? Self.sharedClient
        self.timeout = timeout
    }

    /// Lives as long as the process, as `HTTPClient.shared` does. Unlike that one it tells at once that nobody listens,
    /// and it does not make a `GET` of a redirected `POST`: a redirect is a refusal that names its status.
    private static let sharedClient: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5))
        )
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }()

    /// Sends one event; from any task.
    ///
    /// - Throws: `HTTPRefusal` with the hub's own code and message if it refuses; ``TributaryClientError/unusableURL``;
    ///   ``TributaryClientError/tokenUnavailable(_:)``. After ``TributaryClientError/connectTimedOut(after:)`` and
    ///   ``TributaryClientError/connectionFailed(_:)``, which an answer that makes no sense is as well, the event may
    ///   have been published or not.
    public func publish(_ event: TributaryProtocol.Event) async throws -> PublishReceipt {
        guard let url = try StreamEndpoint.url("publish", of: url).url else { throw TributaryClientError.unusableURL }
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "Accept-Encoding", value: "identity")
        do {
            if let token = try await token?() { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        } catch {
            throw TributaryClientError.tokenUnavailable(error)
        }
        request.body = .bytes(PublishRequest.encode(event))
        let (status, body, retryAfter) = try await send(request)
        guard (200..<300).contains(status) else {
            throw HTTPRefusal(status: status, body: body, retryAfter: retryAfter)
        }
        do {
            return try JSONDecoder().decode(PublishReceipt.self, from: body)
        } catch {
            throw TributaryClientError.connectionFailed(error)
        }
    }

    private func send(_ request: HTTPClientRequest) async throws -> (status: Int, body: Data, retryAfter: Duration?) {
        let answer = await withTaskGroup(of: Result<(Int, Data, Duration?), any Error>.self) { group in
            group.addTask {
                await Result {
                    let response = try await http.execute(request, deadline: .distantFuture)
                    // 64 KiB: a receipt is a line.
                    let body = try await response.body.collect(upTo: 64 << 10)
                    let retryAfter = response.headers.first(name: "Retry-After")
                    return (
                        Int(response.status.code), Data(body.readableBytesView),
                        retryAfter.flatMap { RetryAfter.duration($0, now: Date()) }
                    )
                }
            }
            group.addTask {
                await Result {
                    try await Task.sleep(for: timeout)
                    throw TributaryClientError.connectTimedOut(after: timeout)
                }
            }
            defer { group.cancelAll() }
            return await group.next()
        }
        try Task.checkCancellation()
        switch answer {
        case .success(let answer): return answer
        case .failure(let error as TributaryClientError): throw error
        case .failure(let error): throw TributaryClientError.connectionFailed(error)
        case nil: throw CancellationError()
        }
    }

    /// Nothing: the HTTP client belongs to who made it.
    public func shutdown() async {}
}

extension PublishTransport where Self == HTTPPublishTransport {
    /// A hub's HTTP endpoint, as in `TributaryPublisher(.http(url))`.
    ///
    /// - Parameters: see ``HTTPPublishTransport/init(url:token:httpClient:timeout:)``.
    public static func http(
        _ url: URL,
        token: (@Sendable () async throws -> String?)? = nil,
        httpClient: HTTPClient? = nil
    ) -> HTTPPublishTransport {
        HTTPPublishTransport(url: url, token: token, httpClient: httpClient)
    }
}
