import CLinux
import Glibc

/// What a scanner finds in an event stream.
protocol FrameSink {
    /// A frame with the marker in its data.
    ///
    /// - Parameter time: when it was published, monotonic nanoseconds; 0 if the payload does not tell.
    mutating func event(sequence: UInt64, time: UInt64)
    /// Any other frame.
    mutating func frame(_ kind: OtherFrame)
    /// The frame's `id`, before the frame itself.
    mutating func id(_ bytes: UnsafeRawBufferPointer)
}

/// Frames that a load generator did not cause.
enum OtherFrame {
    case comment, gap, serverClose, replayEnd, other
}

/// Reads an event stream where it lies: no copy, no allocation, no JSON.
///
/// A published payload holds a marker and, behind it, a sequence number and a time in digits. The marker is found in the bytes of
/// `data`, whatever the server wrapped around it.
struct FrameScanner {
    private let marker: [UInt8]
    /// Where in its line the marker was last; it seldom moves.
    private var place = 0

    init(marker: String) {
        self.marker = Array(marker.utf8)
    }

    /// Hands over each complete frame.
    ///
    /// - Returns: how many bytes those were; the rest is the beginning of a frame.
    @inline(__always)
    mutating func scan<Sink: FrameSink>(_ bytes: UnsafeRawBufferPointer, into sink: inout Sink) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        let count = bytes.count
        var frameStart = 0
        var position = 0
        var frame = Frame()
        while position < count {
            if base[position] == 0x0A {
                position += 1
                frame.finish(into: &sink, base)
                frame = Frame()
                frameStart = position
                continue
            }
            guard let newline = memchr(base + position, 0x0A, count - position) else { break }
            let next = UnsafeRawPointer(newline) - base + 1
            var end = next - 1
            if base[end - 1] == 0x0D { end -= 1 }
            if end == position {
                frame.finish(into: &sink, base)
                frame = Frame()
                frameStart = next
            } else {
                switch base[position] {
                case 0x64:  // data
                    if !frame.isEvent, let place = find(base, position, end) {
                        frame.readNumbers(base, place + marker.count, end)
                    }
                case 0x69: frame.id = Frame.value(of: base, position, end, name: 2)
                case 0x65: frame.name = Frame.value(of: base, position, end, name: 5)
                case 0x3A: frame.isComment = true
                default: break
                }
            }
            position = next
        }
        return frameStart
    }

    /// Where the marker begins in a line.
    @inline(__always)
    private mutating func find(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int? {
        if matches(base, start + place, end) { return start + place }
        let found = marker.withUnsafeBytes { memmem(base + start, end - start, $0.baseAddress, $0.count) }
        guard let found else { return nil }
        place = UnsafeRawPointer(found) - base - start
        return start + place
    }

    @inline(__always)
    private func matches(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Bool {
        guard start + marker.count <= end else { return false }
        return marker.withUnsafeBytes { bytes in
            bytes.baseAddress.map { memcmp(base + start, $0, bytes.count) == 0 } ?? false
        }
    }
}

/// What the lines of one frame said so far.
private struct Frame {
    var isEvent = false
    var sequence: UInt64 = 0
    var time: UInt64 = 0
    var isComment = false
    var id: Range<Int>?
    var name: Range<Int>?

    /// The digits behind the marker: the sequence number, then the time.
    @inline(__always)
    mutating func readNumbers(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) {
        var position = start
        guard let sequence = Self.digits(base, &position, end) else { return }
        self.sequence = sequence
        isEvent = true
        // The time follows within a few bytes, or the payload holds none.
        let limit = min(end, position + 16)
        while position < limit, !Self.isDigit(base[position]) { position += 1 }
        time = Self.digits(base, &position, end) ?? 0
    }

    @inline(__always)
    func finish<Sink: FrameSink>(into sink: inout Sink, _ base: UnsafeRawPointer) {
        if let id { sink.id(UnsafeRawBufferPointer(start: base + id.lowerBound, count: id.count)) }
        if isEvent {
            sink.event(sequence: sequence, time: time)
        } else if let name {
            sink.frame(Self.kind(UnsafeRawBufferPointer(start: base + name.lowerBound, count: name.count)))
        } else if isComment {
            sink.frame(.comment)
        }
    }

    @inline(never)
    private static func kind(_ name: UnsafeRawBufferPointer) -> OtherFrame {
        if name.elementsEqual("gap".utf8) { return .gap }
        if name.elementsEqual("server_close".utf8) { return .serverClose }
        if name.elementsEqual("replay.end".utf8) { return .replayEnd }
        return .other
    }

    /// The value of a line `name: value`.
    @inline(__always)
    static func value(of base: UnsafeRawPointer, _ start: Int, _ end: Int, name: Int) -> Range<Int>? {
        var first = start + name + 1
        guard first <= end, base[first - 1] == 0x3A else { return nil }
        if first < end, base[first] == 0x20 { first += 1 }
        return first..<end
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// At most 18 digits.
    @inline(__always)
    private static func digits(_ base: UnsafeRawPointer, _ position: inout Int, _ end: Int) -> UInt64? {
        let start = position
        let limit = min(end, start + 18)
        var number: UInt64 = 0
        while position < limit, isDigit(base[position]) {
            number = number &* 10 &+ UInt64(base[position] &- 0x30)
            position += 1
        }
        return position == start ? nil : number
    }
}

extension UnsafeRawPointer {
    @inline(__always)
    fileprivate subscript(offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }
}
