import ArgumentParser
import Foundation

/// Where the hub is that `publish` and `listen` talk to.
struct HubAddress: ParsableArguments {
    /// `serve`'s own default address.
    static let standard = "http://127.0.0.1:8080"

    @Option(help: ArgumentHelp("The hub. (default: \(Self.standard); TRIBUTARY_URL)", valueName: "URL"))
    var url: String?

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
