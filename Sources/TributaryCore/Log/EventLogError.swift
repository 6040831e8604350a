/// Why a log did not do what it was asked.
public enum EventLogError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It cannot be reached now; the text says why. Try again later.
    case unavailable(String)
    /// It will not do that, now or later, such as for a permission that is missing.
    case refused(String)
    /// The project's ids come from another owner: from the hub if the event had one, from its publisher if it had none.
    case ownerMismatch

    public var description: String {
        switch self {
        case .unavailable(let cause): "log unavailable: \(cause)"
        case .refused(let cause): "log refused: \(cause)"
        case .ownerMismatch:
            "a project's ids come either from the hub or from its publisher, and this project's from the other one"
        }
    }
}
