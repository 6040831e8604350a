import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

@Suite struct QueryTests {
    private static func items(_ target: String) throws -> [String] {
        try Query(target: target).items.map { "\($0.name)=\($0.value)" }
    }

    @Test func `names and values are decoded as forms are`() throws {
        #expect(try Self.items("/stream") == [])
        #expect(try Self.items("/stream?") == [])
        #expect(try Self.items("/stream?a=1&b=2") == ["a=1", "b=2"])
        #expect(try Self.items("/stream?&&a=1&&") == ["a=1"])
        #expect(try Self.items("/stream?a&b=&=c") == ["a=", "b=", "=c"])
        #expect(try Self.items("/stream?a=b=c&d=%3D%26") == ["a=b=c", "d==&"])
        #expect(try Self.items("/stream?a=x+y%20z%2B") == ["a=x y z+"])
        #expect(try Self.items("/stream?%61=%E2%82%ac&b=?x#c=d") == ["a=€", "b=?x"])
        #expect(try Self.items("/stream?name=jörg") == ["name=jörg"])
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "%=1", "a=%C3", "a=%ff", "a=%ED%A0%80", "x=1&a=%C0%80"])
    func `broken escapes and bytes that are not UTF-8 are refused`(query: String) {
        #expect(throws: Problem.malformedQuery) { try Query(target: "/stream?" + query) }
    }

    @Test func `a parameter stands once, whichever way it is spelt`() throws {
        let query = try Query(target: "/?project_id=a&projectId=b&x=1&x=2")
        #expect(throws: Problem.self) { try query.value("project_id", "projectId") }
        #expect(try query.value("none") == nil)
        let problem = #expect(throws: Problem.self) { try query.value("x") }
        #expect(problem?.code == "repeated_parameter" && problem?.details.first?.value == .text("x"))
    }

    @Test func `what is encoded comes back, 100,000 times`() async throws {
        var random = SeededGenerator(seed: 1)
        let alphabet = Array("ab=&%+#?/ \u{0}\n,;äß€😀\u{FFFD}")
        for index in 0..<100_000 {
            // The other tests want their turn.
            if index.isMultiple(of: 500) { await Task.yield() }
            let items = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                Query.Item(name: Self.text(alphabet, &random), value: Self.text(alphabet, &random))
            }
            let encoded = items.map { Self.encode($0.name, &random) + "=" + Self.encode($0.value, &random) }
            let query = try Query(target: "/stream?" + encoded.joined(separator: "&"))
            guard query.items == items else {
                Issue.record("\(encoded) became \(query.items)")
                return
            }
        }
    }

    @Test func `no bytes whatever break the parser, 100,000 times`() async throws {
        var random = SeededGenerator(seed: 2)
        let parser = StreamQueryParser(catalog: try .bundled(), heartbeatMilliseconds: 25_000)
        let pieces = [
            "channels", "project_id", "projectId", "heartbeat_ms", "heartbeat", "from_seq", "last_event_id", "user_id",
            "client_instance_id", "=", "=", "&", "&", "chat", "jobs,", "all", "event", "5000", "60001", "0", "-1",
            "1e3",
            "9007199254740991", "9007199254740992", "99999999999999999999999", "%", "%2", "%C3", "%A4", "%00", "+", "#",
            "?", "€", "\u{0}", "\r\n", ",", " ",
        ]
        var accepted = 0
        for index in 0..<100_000 {
            // The other tests want their turn.
            if index.isMultiple(of: 500) { await Task.yield() }
            var target = "/stream?"
            for _ in 0..<Int.random(in: 0...8, using: &random) { target += pieces.randomElement(using: &random) ?? "" }
            let header = Bool.random(using: &random) ? [] : [pieces.randomElement(using: &random) ?? ""]
            guard let request = try? parser.parse(target: target, lastEventID: header) else { continue }
            accepted += 1
            let isSound =
                (5_000...60_000).contains(request.heartbeatMilliseconds) && !request.channels.isEmpty
                && request.channels.isSubset(of: .all(of: parser.catalog.channels.count))
            if case .after(let id) = request.cursor, id > EventID.maximum { Issue.record("\(target): \(id)") }
            guard isSound else {
                Issue.record("\(target) became \(request)")
                return
            }
        }
        #expect(accepted > 10_000, "the cases must reach what lies behind the parser")
    }

    private static func text(_ alphabet: [Character], _ random: inout SeededGenerator) -> String {
        String((0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
    }

    private static func encode(_ text: String, _ random: inout SeededGenerator) -> String {
        var encoded = ""
        for scalar in text.unicodeScalars {
            if "ab/?;,ä€".unicodeScalars.contains(scalar), Bool.random(using: &random) {
                encoded.unicodeScalars.append(scalar)
            } else if scalar == " ", Bool.random(using: &random) {
                encoded += "+"
            } else {
                for byte in String(scalar).utf8 {
                    let hex = String(byte, radix: 16, uppercase: Bool.random(using: &random))
                    encoded += "%" + (byte < 16 ? "0" : "") + hex
                }
            }
        }
        return encoded
    }
}
