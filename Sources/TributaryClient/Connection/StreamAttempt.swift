import AsyncHTTPClient
import Foundation
import struct NIOCore.ByteBuffer
import NIOHTTP1

/// One connection's request and the answer to it, up to the first byte of the stream.
struct StreamAttempt: Sendable {
    let http: HTTPClient
    /// The content codings that `http` takes off by itself.
    let decodes: Set<String>
    let url: URL
    let token: String?
    /// Empty for a stream that does not go on from an event.
    let lastEventID: String
    let connectTimeout: Duration
    let gate: ReadGate

    /// Sends the request and follows redirects.
    ///
    /// - Returns: the stream's body, or `nil` if the gate knows how the attempt ended.
    func open() async throws -> HTTPClientResponse.Body? {
        var redirects = Redirects(from: url)
        while true {
            guard gate.beginWaiting(atMost: connectTimeout) else { return nil }
            let answer = await Result { try await http.execute(request(redirects), deadline: .distantFuture) }
            guard gate.endWaiting() else { return nil }
            let response: HTTPClientResponse
            do {
                response = try answer.get()
            } catch {
                gate.end(.failed(.connectionFailed(error)))
                return nil
            }
            if Redirects.isRedirect(Int(response.status.code)) {
                do {
                    try redirects.follow(response.headers.first(name: "Location"))
                } catch {
                    gate.end(.failed(error))
                    return nil
                }
            } else {
                return await check(response)
            }
        }
    }

    private func request(_ redirects: Redirects) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: redirects.url.absoluteString)
        request.headers.add(name: "Accept", value: "text/event-stream")
        request.headers.add(name: "Accept-Encoding", value: "identity")
        request.headers.add(name: "Cache-Control", value: "no-store")
        if !lastEventID.isEmpty { request.headers.add(name: "Last-Event-ID", value: lastEventID) }
        if redirects.sendsCredentials, let token {
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        return request
    }

    private func check(_ response: HTTPClientResponse) async -> HTTPClientResponse.Body? {
        switch response.status.code {
        case 200:
            let type = response.headers.first(name: "Content-Type")
            let encoding = response.headers.first(name: "Content-Encoding")?.lowercased() ?? "identity"
            if !Self.isEventStream(type) {
                gate.end(.failed(.wrongContentType(type)))
            } else if encoding != "identity", !decodes.contains(encoding) {
                gate.end(.failed(.unsupportedEncoding(encoding)))
            } else {
                return response.body
            }
        case 204:
            gate.end(.noContent)
        default:
            guard gate.beginWaiting(atMost: connectTimeout) else { return nil }
            // 16 KiB: error objects are a line or two, and a proxy's page tells nothing.
            let body = try? await response.body.collect(upTo: 16 << 10)
            guard gate.endWaiting() else { return nil }
            let refusal = HTTPRefusal(
                status: Int(response.status.code),
                body: Data((body ?? ByteBuffer()).readableBytesView),
                retryAfter: response.headers.first(name: "Retry-After").flatMap {
                    RetryAfter.duration($0, now: Date())
                }
            )
            gate.end(.refused(refusal))
        }
        return nil
    }

    /// Parameters such as `charset` do not matter: an event stream is UTF-8 by definition.
    static func isEventStream(_ contentType: String?) -> Bool {
        let type = contentType?.split(separator: ";", omittingEmptySubsequences: false).first
        return type?.trimmingCharacters(in: .whitespaces).lowercased() == "text/event-stream"
    }
}

extension Result where Failure == any Error {
    init(catching body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
