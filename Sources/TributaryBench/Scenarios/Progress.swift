import Glibc

/// Tells people how far a long measurement is; not more than every two seconds.
struct Progress {
    private let tell: (String) -> Void
    private let title: String
    private var told = Clock.now

    init(_ title: String, tell: @escaping (String) -> Void) {
        self.title = title
        self.tell = tell
    }

    mutating func say(_ text: @autoclosure () -> String) {
        let now = Clock.now
        guard now - told > 2_000_000_000 else { return }
        told = now
        tell("\(title): \(text())")
    }
}
