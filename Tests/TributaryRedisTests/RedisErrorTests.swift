import Testing
import TributaryProtocol
import TributaryRedis

@Suite struct RedisErrorTests {
    @Test func `what Redis cannot do for the moment is worth a retry, what it refuses is not`() {
        let passing: [RedisError] = [
            .connectFailed("x"), .connectionLost("x"), .timeout("x"), .overloaded, .protocolViolation("x"),
            .server(code: "LOADING", message: "LOADING x"), .server(code: "READONLY", message: "READONLY x"),
            .server(code: "OOM", message: "OOM x"),
        ]
        let final: [RedisError] = [
            .closed, .replyTooLarge(limit: 1), .server(code: "NOPERM", message: "NOPERM x"),
            .server(code: "ERR", message: "ERR x"),
        ]
        for error in passing { #expect(error.isWorthRetry, "\(error)") }
        for error in final { #expect(!error.isWorthRetry, "\(error)") }
    }
}
