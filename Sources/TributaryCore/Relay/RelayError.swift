/// Why a relay did not do what it was asked.
public enum RelayError: Error, Sendable, CustomStringConvertible {
    /// No connection to the relay; the text says why. Try again later.
    case unavailable(String)
    /// The relay answered with an error, such as a permission that is missing.
    case refused(String)

    public var description: String {
        switch self {
        case .unavailable(let cause): "relay unavailable: \(cause)"
        case .refused(let cause): "relay refused: \(cause)"
        }
    }
}
