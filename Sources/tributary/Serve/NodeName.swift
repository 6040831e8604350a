import Foundation

/// The name of a hub that was given none.
enum NodeName {
    /// The host's name and four random characters: two hubs of one host are two nodes, and so is a hub after a restart.
    static func random() -> String {
        let host = ProcessInfo.processInfo.hostName.prefix { $0 != "." }.filter {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
        }
        let suffix = String((0..<4).compactMap { _ in "abcdefghijkmnpqrstuvwxyz23456789".randomElement() })
        return "\(host.isEmpty ? "hub" : String(host.prefix(64)))-\(suffix)"
    }
}
