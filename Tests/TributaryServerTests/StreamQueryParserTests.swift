import HTTPTypes
import Testing
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

@Suite struct StreamQueryParserTests {
    private let parser: StreamQueryParser
    private let all: ChannelSet

    init() throws {
        let catalog = try Catalog.bundled()
        parser = StreamQueryParser(catalog: catalog, heartbeatMilliseconds: 25_000)
        all = .all(of: catalog.channels.count)
    }

    private func parse(_ query: String, lastEventID: [String] = []) throws -> StreamQuery {
        try parser.parse(target: "/stream?" + query, lastEventID: lastEventID)
    }

    private func code(_ query: String) -> String? {
        do {
            _ = try parse(query)
            return nil
        } catch {
            return (error as? Problem)?.code
        }
    }

    private func channels(_ names: String...) -> ChannelSet {
        names.reduce(into: []) { set, name in
            if let index = parser.catalog.index(of: name) { set.insert(ChannelSet(index: index)) }
        }
    }

    @Test func `nothing given is everything, live, for nobody in particular`() throws {
        let request = try parse("")
        #expect(request.user == nil && request.wantsAll && request.project == .default)
        #expect(request.channels == all && request.clientInstance == nil && request.cursor == .live)
        #expect(request.heartbeatMilliseconds == 25_000 && !request.heartbeatIsEvent)
    }

    @Test func `channels are names, aliases or all`() throws {
        #expect(try parse("channels=chat,jobs").channels == channels("chat", "jobs"))
        #expect(try parse("channels=job").channels == channels("jobs"))
        #expect(try parse("channels=chat%2C%20github-sync,").channels == channels("chat", "github-sync"))
        for query in ["channels=", "channels=all", "channels=chat,all", "channels=,"] {
            #expect(try parse(query).channels == all, "\(query)")
        }
        let problem = #expect(throws: Problem.self) { try parse("channels=chat,Chat") }
        #expect(problem?.code == "unknown_channel" && problem?.details.first?.value == .text("Chat"))
    }

    @Test func `identifiers are checked, in both spellings`() throws {
        let request = try parse("projectId=a:b@c&clientInstanceId=X-1&user_id=a%2Bb%40c.de")
        #expect(request.project.rawValue == "a:b@c" && request.clientInstance?.rawValue == "X-1")
        #expect(request.user == "a+b@c.de")
        #expect(code("project_id=") == "invalid_project_id")
        #expect(code("project_id=a%2Fb") == "invalid_project_id")
        #expect(code("client_instance_id=%C3%A4") == "invalid_client_instance_id")
        #expect(code("user_id=a%0Ab") == "invalid_user_id")
        #expect(code("user_id=\(String(repeating: "u", count: 257))") == "invalid_user_id")
        #expect(code("project_id=a&projectId=a") == "repeated_parameter")
    }

    @Test func `heartbeats are within five seconds and a minute`() throws {
        #expect(try parse("heartbeat_ms=5000").heartbeatMilliseconds == 5_000)
        #expect(try parse("heartbeat_ms=60000&heartbeat=event").heartbeatIsEvent)
        for value in ["4999", "60001", "-5000", "5e3", "", "NaN", "99999999999999999999"] {
            #expect(code("heartbeat_ms=\(value)") == "invalid_heartbeat_ms", "\(value)")
        }
        #expect(code("heartbeat=no") == "invalid_heartbeat")
    }

    @Test func `the header's cursor wins, and never refuses a browser`() throws {
        #expect(try parse("from_seq=0").cursor == .after(0))
        #expect(try parse("from_seq=120").cursor == .after(120))
        #expect(try parse("last_event_id=9&from_seq=8").cursor == .after(9))
        #expect(try parse("from_seq=8", lastEventID: ["130"]).cursor == .after(130))
        #expect(try parse("from_seq=8", lastEventID: [""]).cursor == .after(8))
        #expect(try parse("last_event_id=").cursor == .live)
        #expect(code("from_seq=") == "invalid_from_seq")
        for header in ["abc", "-1", "1.5", "9007199254740992", "01HXYZ", "1 2"] {
            #expect(try parse("from_seq=8", lastEventID: [header]).cursor == .unreadable, "\(header)")
        }
        #expect(try parse("", lastEventID: ["1", "2"]).cursor == .unreadable)
        for value in ["-1", "abc", "1.0", "9007199254740992", "+1", "NaN", "%20"] {
            #expect(code("from_seq=\(value)") == "invalid_from_seq", "\(value)")
            #expect(code("last_event_id=\(value)") == "invalid_last_event_id", "\(value)")
        }
        #expect(try parse("from_seq=9007199254740991").cursor == .after(EventID.maximum))
    }

    @Test func `what the hub knows of the client comes with the request`() throws {
        let access = Access(ServerConfiguration(), catalog: parser.catalog)
        let caller = access.openCaller(Credentials(method: .get, target: "", fields: [:], peer: "192.0.2.7"))
        let query = try parse("user_id=ada")
        let permit = try access.decideAlone(query.demand, for: caller)
        let request = query.request(permit, address: "192.0.2.7", userAgent: "curl/8")
        #expect(request.user.rawValue == "ada" && request.channels == all)
        #expect(!request.isAnonymous && request.address == "192.0.2.7" && request.userAgent == "curl/8")
        #expect(request.userType == "client")
        let nobody = try parse("")
        let anonymous = nobody.request(
            try access.decideAlone(nobody.demand, for: caller), address: "192.0.2.7", userAgent: nil)
        #expect(anonymous.isAnonymous && anonymous.userAgent == nil && anonymous.user.rawValue == "192.0.2.7")
    }

    @Test func `a user agent is cut at a character's end, and cannot break a line`() {
        #expect(UserAgent.shortened(nil) == nil && UserAgent.shortened("") == nil)
        #expect(UserAgent.shortened("a\u{1B}[31m\tb\u{2028}c") == "a [31m b c")
        #expect(UserAgent.shortened(String(repeating: "a", count: 300))?.utf8.count == 256)
        // 255 bytes, then one of two.
        #expect(UserAgent.shortened(String(repeating: "a", count: 255) + "é")?.utf8.count == 255)
        #expect(UserAgent.shortened(String(repeating: "a", count: 254) + "é")?.utf8.count == 256)
    }

    @Test func `what nobody knows is passed over`() throws {
        #expect(try parse("token=secret&x=1&x=2&_=%20").channels == all)
    }
}
