/// A configuration that cannot be used; the text names the source and the key.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// An unknown name, with the nearest known one if there is one near.
    init(unknown name: String, among known: [String], in source: String) {
        let nearest = known.map { ($0, name.editDistance(to: $0)) }.min { $0.1 < $1.1 }
        // Three edits: enough for a transposition and a slip, too few to guess wildly.
        let hint = nearest.flatMap { $0.1 <= 3 ? "; did you mean \($0.0)?" : nil } ?? ""
        self.init("\(source): \(name) is not known\(hint)")
    }
}

extension String {
    /// How many single-character insertions, deletions and replacements turn this text into `other` (Levenshtein).
    func editDistance(to other: String) -> Int {
        let other = Array(other.utf8)
        var row = Array(0...other.count)
        for (index, byte) in utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let replacement = diagonal + (byte == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(replacement, row[column] + 1, diagonal + 1)
            }
        }
        return row[other.count]
    }
}
