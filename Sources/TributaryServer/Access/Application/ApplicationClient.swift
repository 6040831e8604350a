import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends questions to the application. From any task.
struct ApplicationClient: Sendable {
    /// Tells the application that it is the hub that asks. Not `Authorization`: that is the session's.
    static let secretName = "X-Tributary-Authorize"
    /// 64 KiB: an answer is a line.
    static let maximumAnswer = 64 << 10

    let endpoint: ApplicationEndpoint
    let secret: BearerToken?
    let timeout: TimeAmount

    /// Lives as long as the process, as `HTTPClient.shared` does, but tells at once that nobody listens.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5))
        )
        configuration.connectionPool.retryConnectionEstablishment = false
        // 1 s: below the 2 s after which gunicorn, the most hasty of the common ones, closes an idle connection.
        configuration.connectionPool.idleTimeout = .seconds(1)
        // 64 questions at a time; others wait for their turn as long as for an answer. With HTTP/2 they would be unlimited.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.httpVersion = .http1Only
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }()

    /// Asks once, within the time-out.
    func ask(_ question: ApplicationQuestion) async -> Result<ApplicationReply, ApplicationFailure> {
        let request = request(question)
        let timeout = Duration.nanoseconds(timeout.nanoseconds)
        let result = await withTaskGroup(of: Result<ApplicationReply, ApplicationFailure>.self) { group in
            group.addTask { await Self.send(request) }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return .failure(.timedOut)
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.abandoned)
        }
        return Task.isCancelled ? .failure(.abandoned) : result
    }

    private func request(_ question: ApplicationQuestion) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: endpoint.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "Accept-Encoding", value: "identity")
        request.headers.add(name: "User-Agent", value: "tributary")
        if let secret { request.headers.add(name: Self.secretName, value: secret.text) }
        if let cookie = question.session?.cookie { request.headers.add(name: "Cookie", value: cookie) }
        if let authorization = question.session?.authorization {
            request.headers.add(name: "Authorization", value: authorization)
        }
        request.body = .bytes(question.body)
        return request
    }

    private static func send(_ request: HTTPClientRequest) async -> Result<ApplicationReply, ApplicationFailure> {
        do {
            do {
                return .success(try await attempt(request))
            } catch let error as HTTPClientError where error == .remoteConnectionClosed {
                // An idle connection may be closed just when it is used again; a question may be asked twice.
                return .success(try await attempt(request))
            }
        } catch {
            return .failure(ApplicationFailure(error))
        }
    }

    private static func attempt(_ request: HTTPClientRequest) async throws -> ApplicationReply {
        // The time is kept around it all.
        let response = try await http.execute(request, deadline: .distantFuture)
        let body = try await response.body.collect(upTo: maximumAnswer)
        return ApplicationReply(status: Int(response.status.code), body: body)
    }
}

extension ApplicationFailure {
    fileprivate init(_ error: any Error) {
        switch error {
        case is NIOTooManyBytesError: self = .misunderstood("the answer is longer than 64 KiB")
        case is CancellationError: self = .abandoned
        case let error as HTTPClientError where error == .cancelled: self = .abandoned
        case is HTTPParserError: self = .misunderstood("the answer is not HTTP/1.1")
        default: self = .unreachable("\(error)")
        }
    }
}
