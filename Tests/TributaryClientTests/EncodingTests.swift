import AsyncHTTPClient
import Testing
import TributaryClient
import TributaryProtocol

/// Compressed answers, though the client asks for none.
@Suite(.timeLimit(.minutes(1))) struct EncodingTests {
    /// `connected`, the events 1 and 2, and the end, through gzip with a sync flush and no trailer, as a proxy does it.
    private static let compressed: [UInt8] = {
        let hex = Array(
            "1f8b08000000000002037ccec10ac2301004d07bbe22ecb99458e825bf2222db64b096ba2bc9a207f1df8db478f4b60c8f99"
                + "c50362d1271541326497d938fa17cde06213d8ceb74a711843081da5999b5b5b70fcde46a7b773d71cfdc1612b5a74eaef45"
                + "2f05b5ee5da402dad8f08fd9531bdb81a15a0ff9fdd3763e000000ffff"
        )
        return stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(String(hex[$0...$0 + 1]), radix: 16) }
    }()

    private static func head(_ encoding: String) -> String {
        HostileConnection.streamHead.replacing("Cache-Control: no-cache", with: "Content-Encoding: \(encoding)")
    }

    /// The first answer is `first`, the second a plain stream.
    private func run(
        _ httpClient: HTTPClient? = nil, first: @escaping HostileServer.Script
    ) async throws -> (ids: [String?], errors: [TributaryClientError]) {
        try await HostileServer.run { connection in
            if connection.number == 0 {
                try await first(connection)
            } else {
                try await connection.stream("id: 3\nevent: x\ndata: three\n\n", Frame.end)
            }
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick, httpClient: httpClient)
            let errors = Recorder<TributaryClientError>()
            client.onError { errors.append($0) }
            return (try await client.collect().map(\.id), errors.values)
        }
    }

    @Test(arguments: [1, 7, 4096])
    func `gzip is read all the same, however it is cut`(chunk: Int) async throws {
        let seen = try await run { connection in
            try await connection.send(Self.head("gzip"))
            for start in stride(from: 0, to: Self.compressed.count, by: chunk) {
                try await connection.send(Self.compressed[start..<min(start + chunk, Self.compressed.count)])
            }
        }
        #expect(seen.ids == ["1", "2"])
        #expect(seen.errors.isEmpty)
    }

    @Test func `what is no gzip after all is a broken connection`() async throws {
        let seen = try await run { connection in
            try await connection.send(Self.head("gzip") + Frame.message(1) + Frame.end)
        }
        #expect(seen.ids == ["3"])
        guard case .connectionFailed? = seen.errors.first else { Issue.record("\(seen.errors)"); return }
    }

    @Test func `another encoding is told, and tried again`() async throws {
        let seen = try await run { try await $0.send(Self.head("br") + "whatever") }
        #expect(seen.ids == ["3"])
        guard case .unsupportedEncoding("br")? = seen.errors.first else { Issue.record("\(seen.errors)"); return }
    }

    @Test func `gzip through a client of the program's is told, and tried again`() async throws {
        let http = HTTPClient()
        let seen = try await run(http) { connection in
            try await connection.send(Array(Self.head("gzip").utf8) + Self.compressed)
        }
        try await http.shutdown()
        #expect(seen.ids == ["3"])
        guard case .unsupportedEncoding("gzip")? = seen.errors.first else { Issue.record("\(seen.errors)"); return }
    }
}
