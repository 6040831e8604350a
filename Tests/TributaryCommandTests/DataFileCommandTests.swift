import Foundation
import Testing

@testable import tributary

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// `serve --data` as a process of its own.
@Suite struct DataFileCommandTests {
    private func temporaryPath() -> String {
        FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString).sqlite").path
    }

    private func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    private func publish(_ key: String, to address: String) async throws -> String {
        var request = URLRequest(url: try #require(URL(string: "\(address)/publish")))
        request.httpMethod = "POST"
        request.httpBody = Data(
            #"{"channel":"chat","event":"message.new","data":1,"client_msg_id":"\#(key)"}"#.utf8
        )
        let (body, response) = try await URLSession.shared.data(for: request)
        #expect((response as? HTTPURLResponse)?.statusCode == 200)
        return String(decoding: body, as: UTF8.self)
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `what was acknowledged before the end is known after it`(_ signal: Int32) async throws {
        let path = temporaryPath()
        defer { remove(path) }
        var answers: [String] = []
        let first = try Command("serve", "--port", "0", "--data", path, "--drain-seconds", "0")
        let address = try await first.address()
        for number in 0..<5 { answers.append(try await publish("k\(number)", to: address)) }
        first.signal(signal)
        #expect(try await first.exit().exitCode == (signal == SIGKILL ? -SIGKILL : 0))
        let second = try Command("serve", "--port", "0", "--data", path)
        let next = try await second.address()
        for number in 0..<5 {
            let again = try await publish("k\(number)", to: next)
            #expect(again == answers[number].replacing(#""duplicate":false"#, with: #""duplicate":true"#))
        }
        #expect(Set(answers).count == 5)
        try await end(second)
    }

    @Test func `a file that another hub uses, or that is none, is one line`() async throws {
        let path = temporaryPath()
        defer { remove(path) }
        let first = try Command("serve", "--port", "0", "--data", path)
        _ = try await first.address()
        try await failure("serve", "--port", "0", "--data", path, says: "in use by another process", code: 1)
        try await end(first)
        try String(repeating: "no database\n", count: 1_000).write(toFile: path, atomically: false, encoding: .utf8)
        try await failure("serve", "--port", "0", "--data", path, says: "no SQLite database", code: 1)
        try await failure(
            "serve", "--port", "0", "--data", "/no/such/folder/hub.sqlite", says: "name a file in a folder", code: 1
        )
        try await failure("serve", "--data", path, "--redis", "redis://h", says: "exclude each other")
    }
}
