import TributaryTesting

/// What a fuzz test wants of its numbers.
extension SeededGenerator {
    /// 0 to `bound` - 1; the bias is of no matter here.
    mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next() >> 33) % bound }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Changes, drops, repeats and inserts some bytes. `tokens` are what a mutation likes to insert.
    mutating func mutate(_ bytes: inout [UInt8], tokens: [[UInt8]]) {
        // Once in half of the cases: more damage than that seldom leaves anything valid.
        for _ in 0..<pick([1, 1, 1, 2, 2, 4]) {
            let position = below(bytes.count + 1)
            switch below(32) {
            case 0..<4 where position < bytes.count: bytes[position] = UInt8(truncatingIfNeeded: next() >> 20)
            case 4..<8 where position < bytes.count: bytes[position] ^= 1 << UInt8(below(8))
            case 8..<12: bytes.removeSubrange(position..<min(bytes.count, position + 1 + below(4)))
            case 12..<16:
                let end = min(bytes.count, position + below(12))
                bytes.insert(contentsOf: Array(bytes[position..<end]), at: below(bytes.count + 1))
            case 16: bytes.removeSubrange(position...)
            default: bytes.insert(contentsOf: pick(tokens), at: position)
            }
        }
    }
}
