import Foundation
import Testing

@testable import TributaryClient

@Suite struct RedirectsTests {
    private func redirects(_ url: String, _ locations: String...) throws -> Redirects {
        var redirects = Redirects(from: try #require(URL(string: url)))
        for location in locations { try redirects.follow(location) }
        return redirects
    }

    @Test func `relative and absolute locations are followed`() throws {
        let relative = try redirects("http://a/stream?x=1", "/b?x=2")
        #expect(relative.url.absoluteString == "http://a/b?x=2")
        #expect(relative.sendsCredentials)
        #expect(try redirects("http://a:80/", "http://a/b").sendsCredentials)
    }

    @Test(arguments: ["http://b/", "https://a/", "http://a:8080/"])
    func `another origin gets no credentials`(location: String) throws {
        #expect(try !redirects("http://a/", location).sendsCredentials)
        #expect(try !redirects("http://a/", location, "https://a/").sendsCredentials)
    }

    @Test(arguments: [nil, "ftp://a/", "file:///etc/passwd", "http://"])
    func `unusable locations are refused`(location: String?) throws {
        var redirects = Redirects(from: try #require(URL(string: "http://a/")))
        #expect(throws: TributaryClientError.self) { try redirects.follow(location) }
    }

    @Test func `https never becomes http`() throws {
        #expect(throws: TributaryClientError.self) { try redirects("https://a/", "http://a/") }
    }

    @Test func `five are followed, not six`() throws {
        var redirects = Redirects(from: try #require(URL(string: "http://a/")))
        for number in 1...5 { try redirects.follow("/\(number)") }
        #expect(throws: TributaryClientError.self) { try redirects.follow("/6") }
    }
}
