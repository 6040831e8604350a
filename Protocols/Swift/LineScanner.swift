#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Cuts bytes at line ends: CR, LF or CRLF. Valid as long as the bytes it was given.
struct LineScanner {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    /// Where the next LF and CR stand, `Int.max` for none; found anew only once they are behind `index`, so that
    /// many lines of one kind don't search to the end for the other kind each time.
    private var lineFeed = -1
    private var carriageReturn = -1
    /// The line end that ``next()`` consumed last was a CR at the very end of the bytes: an LF may follow it.
    private(set) var endedInCarriageReturn = false

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// What stands behind the last line end.
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[index...]) }

    /// The next line without its end; `nil` where no further line end follows.
    mutating func next() -> UnsafeRawBufferPointer? {
        if lineFeed < index { lineFeed = position(of: "\n") }
        if carriageReturn < index { carriageReturn = position(of: "\r") }
        let end = min(lineFeed, carriageReturn)
        guard end != .max else { return nil }
        defer {
            // A CRLF is one line end.
            index = carriageReturn == end && lineFeed == end + 1 ? end + 2 : end + 1
            endedInCarriageReturn = carriageReturn == bytes.count - 1 && index == bytes.count
        }
        return UnsafeRawBufferPointer(rebasing: bytes[index..<end])
    }

    private func position(of byte: Unicode.Scalar) -> Int {
        guard let base = bytes.baseAddress, index < bytes.count,
            let found = memchr(base + index, Int32(byte.value), bytes.count - index)
        else { return .max }
        return UnsafeRawPointer(found) - base
    }
}
