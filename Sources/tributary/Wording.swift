import Foundation
import NIOCore
import TributaryClient

/// What people read about a connection, in few words.
enum Wording {
    /// An error without the internals that libraries put into their descriptions.
    static func of(_ error: any Error) -> String {
        switch error {
        case TributaryClientError.connectionFailed(let cause): "cannot connect: \(of(cause))"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as HTTPRefusal: error.message.map { "HTTP \(error.status): \($0)" } ?? "\(error)"
        case TributaryClientError.refused(let refusal): of(refusal)
        default: "\(error)"
        }
    }

    /// The status, or `nil` for what is said elsewhere: the hub's `connected`, and the end of the command.
    static func of(_ status: ConnectionStatus) -> String? {
        switch status {
        case .reconnecting(let attempt, let after): "trying again in \(seconds(after)) (attempt \(attempt))"
        case .limited(let after): "the hub is busy, trying again in \(seconds(after))"
        case .disconnected, .connecting, .connected, .authFailed, .closed: nil
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        "\((duration / .seconds(1)).formatted(.number.precision(.fractionLength(1)).locale(Locale(identifier: "en_US_POSIX")))) s"
    }
}
