import Foundation
import Testing

@testable import tributary

/// README.md shows only what is tested elsewhere.
@Suite struct ReadmeTests {
    private let readme: String

    init() throws {
        readme = try String(contentsOf: repository.appending(path: "README.md"), encoding: .utf8)
    }

    @Test func `the table of options is the table of settings`() {
        let rows = Setting.all.map { setting in
            let value = setting.placeholder.isEmpty ? "" : " \(setting.placeholder)"
            return
                "| `--\(setting.name)\(value)` | `\(setting.environmentName)` | \(setting.defaultText) | \(setting.help) |"
        }
        let table = readme.split(separator: "\n").filter { $0.hasPrefix("| `--") && !$0.hasPrefix("| `--config ") }
        #expect(table.map(String.init) == rows)
    }

    @Test func `the Swift that it shows compiles`() throws {
        let source = try String(
            contentsOf: repository.appending(path: "Tests/TributaryCommandTests/ReadmeExample.swift"), encoding: .utf8
        )
        for (name, parameter, value) in [
            ("read", "url: hub", #"url: "http://localhost:8080""#),
            ("publish", ".redis(redis)", #".redis("redis://localhost")"#),
        ] {
            let start = try #require(source.firstRange(of: "        // README: \(name)\n")).upperBound
            let end = try #require(source[start...].firstRange(of: "        // end\n")).lowerBound
            let shown = dedented(source[start..<end], by: 8).replacing(parameter, with: value)
            #expect(readme.contains(shown), "README.md does not show:\n\(shown)")
        }
    }

    @Test func `the nginx configuration is the tested one`() throws {
        let file = try String(
            contentsOf: repository.appending(path: "Tests/EndToEnd/nginx.conf"), encoding: .utf8
        )
        let start = try #require(file.firstRange(of: "    upstream tributary")).lowerBound
        let end = try #require(file.lastIndex(of: "}"))
        let shown = dedented(file[start..<end], by: 4)
            .replacing("@LISTEN@", with: "80").replacing("@HUB@", with: "127.0.0.1:8080")
        #expect(readme.contains("```nginx\n\(shown)```\n"), "README.md does not show:\n\(shown)")
    }

    private func dedented(_ text: Substring, by count: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(String(repeating: " ", count: count)) ? $0.dropFirst(count) : $0 }
            .joined(separator: "\n")
    }
}
