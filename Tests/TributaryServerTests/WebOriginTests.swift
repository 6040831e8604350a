import Testing

@testable import TributaryServer

@Suite struct WebOriginTests {
    @Test(arguments: [
        ("https://app.example", "https://app.example"), ("HTTPS://App.Example:443", "https://app.example"),
        ("http://app.example:80", "http://app.example"), ("https://app.example:80", "https://app.example:80"),
        ("http://localhost:03000", "http://localhost:3000"), ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:3000", "http://[::1]:3000"), ("https://[2001:DB8::1]:443", "https://[2001:db8::1]"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"), ("https://a_b.example", "https://a_b.example"),
    ])
    func `an origin is written as browsers write it`(_ text: String, _ written: String) throws {
        #expect(try WebOrigin(text).description == written)
        #expect(try WebOrigin(text) == WebOrigin(written))
    }

    @Test(arguments: [
        "", "null", "NULL", "*", "https://*", "https://*.example", "app.example", "//app.example", "https:app.example",
        "https://", "https:///", "https://app.example/", "https://app.example/path", "https://app.example?",
        "https://app.example#x", "https://user@app.example", "https://app.example:", "https://app.example:x",
        "https://app.example:65536", "https://app.example:-1", "https://app.example:+1", "https://bücher.example",
        "https://a b.example", "https://a.example,https://b.example", "https://a.example\r\nX: y", "1https://a.example",
        "http s://a.example", "https://[::1", "https://::1", "https://[::1]x", "https://[]", "https://[::1]:",
        "file://",
    ])
    func `anything else is refused, with a reason`(_ text: String) {
        let error = #expect(throws: WebOrigin.Invalid.self) { try WebOrigin(text) }
        #expect(error?.description.isEmpty == false)
    }

    @Test(arguments: [
        ("http://hub.example", "hub.example", false), ("http://hub.example", "HUB.example:80", false),
        ("https://hub.example", "hub.example", true), ("https://hub.example", "hub.example:443", true),
        // TLS ended before the hub, perhaps.
        ("https://hub.example", "hub.example", false), ("https://hub.example:8443", "hub.example:8443", false),
        ("http://[::1]:8080", "[::1]:8080", false),
    ])
    func `it knows the requests that go to itself`(_ origin: String, _ host: String, _ isSecure: Bool) throws {
        #expect(try WebOrigin(origin).isServed(at: host, isSecure: isSecure))
    }

    @Test(arguments: [
        ("http://hub.example", "hub.example", true), ("http://hub.example", "hub.example:8080", false),
        ("http://hub.example:8080", "hub.example", false), ("http://hub.example", "hub.example:443", false),
        ("http://evil.example", "hub.example", false), ("http://hub.example.evil.example", "hub.example", false),
        ("http://hub.example", "", false), ("http://hub.example", "hub.example@evil.example", false),
        ("http://hub.example", "hub.example:", false), ("ftp://hub.example", "hub.example", false),
    ])
    func `it knows those that go elsewhere`(_ origin: String, _ host: String, _ isSecure: Bool) throws {
        #expect(try !WebOrigin(origin).isServed(at: host, isSecure: isSecure))
    }
}
