import ArgumentParser
import Foundation

/// Where the hub is that `publish` and `listen` talk to, and who they are there.
struct HubAddress: ParsableArguments {
    /// `serve`'s own default address.
    static let standard = "http://127.0.0.1:8080"

    @Option(help: ArgumentHelp("The hub. (default: \(Self.standard); TRIBUTARY_URL)", valueName: "URL"))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "Bearer token, where the hub asks for one. Better in the environment. (TRIBUTARY_TOKEN)",
            valueName: "TOKEN"))
    var token: String?

    /// Gives the token, the flag's over the environment's; `nil` for none.
    ///
    /// - Throws: ``UsageError`` for what cannot stand in a header.
    func bearer() throws -> (@Sendable () async throws -> String?)? {
        let variable = ProcessInfo.processInfo.environment["TRIBUTARY_TOKEN"] ?? ""
        guard let token = token ?? (variable.isEmpty ? nil : variable) else { return nil }
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            let source = self.token == nil ? "TRIBUTARY_TOKEN" : "--token"
            throw UsageError("\(source): a token is visible ASCII characters")
        }
        return { token }
    }

    /// The flag over the environment over the default.
    ///
    /// - Throws: ``UsageError`` for anything but an HTTP URL with a host.
    func resolved() throws -> URL {
        let variable = ProcessInfo.processInfo.environment["TRIBUTARY_URL"] ?? ""
        let text = url ?? (variable.isEmpty ? Self.standard : variable)
        guard let parsed = URL(string: text), ["http", "https"].contains(parsed.scheme?.lowercased()),
            parsed.host()?.isEmpty == false
        else {
            // The query may hold a token.
            let shown = text.prefix { $0 != "?" }
            let source = url == nil ? "TRIBUTARY_URL" : "--url"
            throw UsageError("\(source): \"\(shown)\" is not an http:// or https:// URL")
        }
        return parsed
    }
}
