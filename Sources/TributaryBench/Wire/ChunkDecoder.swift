import Glibc

/// Takes the chunks' frames out of a body with `Transfer-Encoding: chunked`, in place.
struct ChunkDecoder {
    private enum State: UInt8 {
        case size, extension_, sizeEnd, data, dataEnd, done, broken
    }

    private var state = State.size
    private var remaining = 0

    /// The body is complete, or is not what it says to be.
    var isOver: Bool { state == .done || state == .broken }

    /// Moves the data of the chunks to the front.
    ///
    /// - Parameter bytes: what came off the socket; a chunk's frame may be cut anywhere.
    /// - Returns: how many bytes of data there are now.
    mutating func decode(_ bytes: UnsafeMutableRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var read = 0
        var written = 0
        while read < bytes.count {
            if state == .data {
                let count = min(remaining, bytes.count - read)
                if written != read { memmove(base + written, base + read, count) }
                written += count
                read += count
                remaining -= count
                if remaining == 0 { state = .dataEnd }
                continue
            }
            let byte = bytes[read]
            read += 1
            switch state {
            case .size: readSize(byte)
            case .extension_: if byte == 0x0D { state = .sizeEnd }
            case .sizeEnd: state = byte == 0x0A ? (remaining == 0 ? .done : .data) : .broken
            case .dataEnd: if byte == 0x0A { state = .size } else if byte != 0x0D { state = .broken }
            case .data, .done, .broken: return written
            }
        }
        return written
    }

    private mutating func readSize(_ byte: UInt8) {
        switch byte {
        case 0x30...0x39: remaining = remaining << 4 | Int(byte - 0x30)
        case 0x41...0x46, 0x61...0x66: remaining = remaining << 4 | Int((byte | 0x20) - 0x57)
        case 0x0D: state = .sizeEnd
        case 0x3B, 0x20: state = .extension_
        default: state = .broken
        }
        // More than a server sends in one piece.
        if remaining > 1 << 30 { state = .broken }
    }
}
