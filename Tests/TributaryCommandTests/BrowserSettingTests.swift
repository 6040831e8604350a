import Testing
import TributaryServer

@testable import tributary

/// `--cors-origins`.
@Suite struct BrowserSettingTests {
    private func options(_ text: String) throws -> ServeOptions {
        try ServeOptions(arguments: ["cors-origins": text], environment: [:], configPath: nil)
    }

    @Test func `origins reach the server as browsers write them`() throws {
        let options = try options("https://App.example:443, http://localhost:3000,https://[::1]:8443")
        #expect(
            ServerConfiguration(options).browsers.origins.map(\.description)
                == ["https://app.example", "http://localhost:3000", "https://[::1]:8443"]
        )
    }

    @Test(arguments: [
        ("*", "*"), ("https://*.example", "https://*.example"), ("https://a.example,null", "null"),
        ("https://a.example/", "https://a.example/"), ("https://a.example, b.example", "b.example"),
        ("https://a.example,,https://b.example", ""), ("", ""),
    ])
    func `an error names the entry that is wrong`(_ text: String, _ entry: String) {
        let error = #expect(throws: ConfigurationError.self) { try options(text) }
        #expect(error?.description.hasPrefix("--cors-origins: \"\(entry)\" is not an origin: ") == true)
    }
}
