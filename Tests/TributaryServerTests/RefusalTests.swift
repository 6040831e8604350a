import Foundation
import HTTPTypes
import NIOCore
import Testing
import TributaryCore

@testable import TributaryServer

/// How a refusal is told to a client.
@Suite struct RefusalTests {
    private func object(_ problem: Problem) throws -> NSDictionary {
        let json = try JSONSerialization.jsonObject(with: Data(problem.json.readableBytesView))
        return try #require(json as? NSDictionary)
    }

    @Test(arguments: [
        (AdmissionRefusal.userLimit(current: 7, maximum: 5), "too_many_connections"),
        (.addressLimit(current: 7, maximum: 5), "too_many_connections_from_address"),
    ]) func `too many streams are told with all that a client needs`(_ refusal: AdmissionRefusal, _ code: String) throws
    {
        let problem = try #require(Problem(refusal as any Error))
        #expect(problem.status == .tooManyRequests && problem.code == code)
        let object = try object(problem)
        #expect(
            Set(object.allKeys.compactMap { $0 as? String }) == [
                "error", "message", "current_connections", "max_connections", "retry_after_ms", "recommendation",
            ]
        )
        #expect(object["current_connections"] as? Int == 7 && object["max_connections"] as? Int == 5)
        let milliseconds = try #require(object["retry_after_ms"] as? Int)
        #expect((30_000...60_000).contains(milliseconds))
        let fields = problem.fields.reduce(into: [:]) { $0[$1.name.rawName] = $1.value }
        #expect(fields["X-SSE-Connection-Limit"] == "5" && fields["X-SSE-Current-Connections"] == "7")
        #expect(fields["Retry-After"] == String((milliseconds + 999) / 1_000))
        #expect((object["recommendation"] as? String)?.isEmpty == false)
    }

    @Test func `an address that is too fast, and a node that is full, say when to come back`() throws {
        for (milliseconds, range) in [(1, 1...3), (1_000, 1...3), (1_001, 2...4), (0, 1...3)] {
            let problem = try #require(
                Problem(AdmissionRefusal.addressRate(retryMilliseconds: milliseconds) as any Error))
            #expect(problem.status == .tooManyRequests && problem.code == "too_many_connects")
            #expect(range.contains(try #require(problem.fields[.retryAfter].flatMap { Int($0) })))
        }
        let full = try #require(Problem(AdmissionRefusal.nodeFull(maximum: 9) as any Error))
        #expect(full.status == .serviceUnavailable && full.code == "node_full")
        #expect((1...5).contains(try #require(full.fields[.retryAfter].flatMap { Int($0) })))
        #expect(try object(full)["max_connections"] as? Int == 9)
    }

    @Test func `those who are refused together are not asked back together`() {
        let delays = (0..<200).map { _ in Problem(.userLimit(current: 5, maximum: 5)).fields[.retryAfter] }
        #expect(Set(delays).count > 10)
    }

    @Test func `what the nodes share is told apart from what is wrong with it`() throws {
        let away = try #require(Problem(CoordinationError.unavailable("secret host") as any Error))
        #expect(away.status == .serviceUnavailable && away.code == "coordination_unavailable")
        #expect(away.fields[.retryAfter] == "1" && !away.message.contains("secret"))
        let refused = try #require(Problem(CoordinationError.refused("NOPERM") as any Error))
        #expect(refused.status == .badGateway && refused.code == "coordination_refused")
    }
}
