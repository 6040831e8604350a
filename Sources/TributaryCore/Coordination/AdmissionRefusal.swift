/// Why a stream was not let in.
public enum AdmissionRefusal: Error, Sendable, Equatable {
    /// The node has as many streams as it may.
    case nodeFull(maximum: Int)
    /// The address has as many streams as one may.
    case addressLimit(current: Int, maximum: Int)
    /// The address opens streams faster than one may; there is room for the next one after so many milliseconds.
    case addressRate(retryMilliseconds: Int)
    /// The user has as many streams in the project as one may, and the policy is to refuse.
    case userLimit(current: Int, maximum: Int)
}
