import CLinux
import Glibc

/// Which cores a process or thread may run on.
public struct Cores: Sendable, Codable, Equatable, CustomStringConvertible {
    public let numbers: [Int]

    /// - Parameter text: `0`, `0,2` or `2-5`; `all` for no restriction.
    /// - Throws: ``BenchError`` for anything else.
    public init(_ text: String, option: String) throws {
        if text == "all" {
            numbers = []
            return
        }
        numbers = try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { piece in
            let ends = piece.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, 0...last ~= first,
                last < Self.limit
            else { throw BenchError("\(option): \"\(piece)\" is no core (such as 0, 0,2 or 2-5, or all)") }
            return Array(first...last)
        }
    }

    private init(numbers: [Int]) {
        self.numbers = numbers
    }

    public var description: String { numbers.isEmpty ? "all" : numbers.map(String.init).joined(separator: ",") }

    /// The first core that this process may use for the server, the others for the generator; both all of them where there is one.
    public static var halves: (server: Cores, generator: Cores) {
        let allowed = allowed
        guard allowed.count > 1 else { return (Cores(numbers: []), Cores(numbers: [])) }
        return (Cores(numbers: [allowed[0]]), Cores(numbers: [allowed[1]]))
    }

    private static var allowed: [Int] {
        var mask = [UInt8](repeating: 0, count: limit / 8)
        guard linux_get_cores(&mask, mask.count) > 0 else { return [] }
        return (0..<limit).filter { mask[$0 / 8] & 1 << UInt8($0 % 8) != 0 }
    }

    /// Restricts the calling thread, and what it starts; a core that there isn't is as none.
    public func pin() {
        guard !numbers.isEmpty else { return }
        var mask = [UInt8](repeating: 0, count: Self.limit / 8)
        for number in numbers { mask[number / 8] |= 1 << UInt8(number % 8) }
        _ = linux_set_cores(mask, mask.count)
    }

    private static let limit = 1_024
}
