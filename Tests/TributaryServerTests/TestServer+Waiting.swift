import Foundation
import NIOCore
import Testing
import TributaryTesting

extension TestServer {
    /// Asks until the answer's object satisfies `condition`.
    @discardableResult
    func until(_ target: String, _ condition: ([String: Any]) -> Bool) async throws -> [String: Any] {
        let deadline = NIODeadline.now() + RawClient.patience
        while true {
            let answer = try await get(target)
            if condition(answer.object) { return answer.object }
            guard NIODeadline.now() < deadline else { throw NeverAnswered(last: answer.body) }
        }
    }

    /// Tries until a stream is let in.
    @discardableResult
    func untilAdmitted(_ query: String) async throws -> RawClient {
        let deadline = NIODeadline.now() + RawClient.patience
        while true {
            let client = try await connect(sending: "GET /stream?\(query) HTTP/1.1\r\nHost: test\r\n\r\n")
            let text = try await client.receive { $0.contains("event: connected") || $0.contains(#"{"error":"#) }
            if text.hasPrefix("HTTP/1.1 200 ") { return client }
            await client.close()
            guard NIODeadline.now() < deadline else { throw NeverAnswered(last: text) }
        }
    }

    struct NeverAnswered: Error {
        let last: String
    }
}

extension RawClient {
    /// The name that the stream's first frame gave.
    func connectionID() throws -> String {
        let text = received
        return String(try #require(text.firstMatch(of: #/"connection_id":"([^"]+)"/#)).output.1)
    }
}
