/// A port that the server listens on: each has routes of its own.
enum ServerPort: Sendable {
    /// For everybody.
    case main
    /// For operators, where they have a port of their own.
    case admin
}
