import Foundation
import Testing
import TributaryProtocol

@testable import TributaryClient

@Suite struct StreamEndpointTests {
    private func url(
        _ base: String, _ position: StreamPosition = .live, channels: Set<Channel>? = nil
    ) throws -> String {
        let endpoint = StreamEndpoint(
            url: try #require(URL(string: base)),
            project: try ProjectID("p1"),
            user: try UserID("a+b c|&=ü@x"),
            instance: try ClientInstanceID("i")
        )
        return try endpoint.request(channels: channels, position: position).absoluteString
    }

    private let query = "project_id=p1&user_id=a%2Bb%20c%7C%26%3D%C3%BC%40x&client_instance_id=i"

    @Test func `the base may have a path and a query`() throws {
        #expect(try url("http://h:1") == "http://h:1/stream?\(query)")
        #expect(try url("http://h/") == "http://h/stream?\(query)")
        #expect(try url("https://h/hub/?k=v#f") == "https://h/hub/stream?k=v&\(query)")
        #expect(try url("http://h/hub/stream") == "http://h/hub/stream?\(query)")
    }

    @Test func `channels are named in order, and a starting cursor as from_seq`() throws {
        let both = try url("http://h", .after(0), channels: [.jobs, .chat])
        #expect(both == "http://h/stream?channels=chat,jobs&\(query)&from_seq=0")
        #expect(try url("http://h", .event("7")) == "http://h/stream?\(query)")
    }

    @Test(arguments: ["h:1", "/stream", "ftp://h", "http://", "mailto:a@b"])
    func `other URLs are refused`(base: String) {
        #expect(throws: TributaryClientError.self) { try url(base) }
        #expect(throws: TributaryClientError.self) { try TributaryClient(url: base) }
    }
}
