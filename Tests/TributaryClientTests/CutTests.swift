import AsyncHTTPClient
import NIOConcurrencyHelpers
import Testing
import TributaryClient
import TributaryProtocol

/// Cuts a recorded answer, HTTP head included, after each of its bytes. Whatever the cut, each durable event arrives
/// once and in order.
@Suite(.timeLimit(.minutes(5))) struct CutTests {
    /// 102 comes late: after 103, though it is smaller.
    private static let ids = [101, 103, 102, 104]

    private static func frame(_ id: Int) -> String {
        switch id {
        case 101: Frame.message(101, "ü→😀")
        case 103: "id: 103\nevent: job.started\ndata: {\"id\":1,\ndata:  \"task_type\":\"é\"}\n\n"
        default: ": comment\n\nid:\(id)\nevent:x\ndata\n\nevent: typing.start\ndata: {}\n\n"
        }
    }

    private static func stream(after cursor: String?) -> String {
        let seen = ids.firstIndex { String($0) == cursor }
        let rest = ids[(seen.map { $0 + 1 } ?? 0)...]
        return Frame.connected(from: cursor.flatMap { Int($0) }, latest: 100) + "retry: 1\n\n"
            + rest.map(frame).joined() + Frame.end
    }

    enum LineEnd: String, CaseIterable {
        case lf = "\n"
        case cr = "\r"
        case crlf = "\r\n"
    }

    private static func bytes(_ stream: String, _ lineEnd: LineEnd) -> [UInt8] {
        let byteOrderMark: [UInt8] = lineEnd == .cr ? [0xEF, 0xBB, 0xBF] : []
        let body = stream.utf8.flatMap { $0 == UInt8(ascii: "\n") ? Array(lineEnd.rawValue.utf8) : [$0] }
        return Array(HostileConnection.streamHead.utf8) + byteOrderMark + body
    }

    @Test(arguments: LineEnd.allCases)
    func `a cut after any byte loses nothing and brings nothing twice`(lineEnd: LineEnd) async throws {
        try await cutEverywhere(lineEnd, resumes: true)
    }

    @Test func `nor does it if the server sends everything again`() async throws {
        try await cutEverywhere(.lf, resumes: false)
    }

    /// Runs one client against each cut, eight at a time.
    private func cutEverywhere(_ lineEnd: LineEnd, resumes: Bool) async throws {
        let recording = Self.bytes(Self.stream(after: "100"), lineEnd)
        let cutOnce = NIOLockedValueBox<Set<String>>([])
        try await HostileServer.run { connection in
            let name = connection.request.query["project_id"] ?? ""
            if cutOnce.withLockedValue({ $0.insert(name).inserted }) {
                #expect(connection.request.cursor == "100")
                return try await connection.send(recording[..<(Int(name) ?? 0)])
            }
            let cursor = resumes ? connection.request.cursor : "100"
            try await connection.send(Self.bytes(Self.stream(after: cursor), lineEnd))
            connection.hang()
        } _: { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for cut in 0...recording.count {
                    if cut >= 8 { try await group.next() }
                    group.addTask {
                        let client = try TributaryClient(
                            url: server.url, project: "\(cut)", from: 100, configuration: .quick
                        )
                        let events = try await client.collect()
                        let ids = events.compactMap { $0.id.flatMap { Int($0) } }
                        #expect(ids == Self.ids, "cut after \(cut) of \(recording.count) bytes")
                        #expect(client.cursor == 104)
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
