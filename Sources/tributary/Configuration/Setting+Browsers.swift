import Foundation
import TributaryServer

extension Setting {
    static let browsers: [Setting] = [
        .text(
            "cors-origins", \.browsers.origins, placeholder: "ORIGINS", defaultText: "none",
            help: """
                Origins whose pages may use the hub, also with a cookie, with commas in between: https://app.example. \
                Without a path or a wildcard. Pages of the hub's own origin always may.
                """,
            check: origins
        )
    ]

    /// Origins with commas in between.
    static func origins(_ text: String) throws -> [WebOrigin] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { entry in
            let entry = entry.trimmingCharacters(in: .whitespaces)
            do {
                return try WebOrigin(entry)
            } catch {
                throw Refused.because("\"\(entry)\" is not an origin: \(error)")
            }
        }
    }
}
