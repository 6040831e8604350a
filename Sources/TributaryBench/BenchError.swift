import Glibc

/// Why a measurement could not be made; the text is one line for people.
public struct BenchError: Error, CustomStringConvertible, Equatable {
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    static func system(_ call: String, _ code: Int32) -> BenchError {
        BenchError("\(call): \(String(cString: strerror(code)))")
    }
}
