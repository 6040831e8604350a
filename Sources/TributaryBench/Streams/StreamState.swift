import Glibc

/// One connection of the generator. Lives in the generator's table, on its thread.
struct StreamState {
    enum Phase: UInt8 {
        case closed, connecting, awaitingHead, open
    }

    var socket: Int32 = -1
    var phase = Phase.closed
    var isChunked = false
    /// Its socket is in the kernel's list.
    var isWatched = false
    /// It was open at some time.
    var wasOpened = false
    /// Reads little and seldom; nothing is checked.
    var isSlow = false
    /// The sequence that it listens to.
    var lane: Int32 = 0
    var chunks = ChunkDecoder()
    var check = SequenceCheck()
    /// What came of the head or of a frame whose end is still to come.
    private(set) var carry: UnsafeMutableRawPointer?
    private(set) var carryCount = 0
    private var carryCapacity = 0
    /// The newest `id`, if ids are kept: a byte of length and the text.
    private(set) var lastID: UnsafeMutablePointer<UInt8>?

    private static let maximumIDCount = 63

    init(lane: Int) {
        self.lane = Int32(lane)
    }

    /// Open, and has seen nothing yet.
    var isUnprimed: Bool { phase == .open && !isSlow && check.isEmpty }

    /// Keeps bytes until more come.
    mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        carryCount = bytes.count
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        if bytes.count > carryCapacity {
            free(carry)
            carryCapacity = (bytes.count + 511) & ~511
            carry = malloc(carryCapacity)
        }
        if let carry { memcpy(carry, base, bytes.count) }
    }

    mutating func keep(id: UnsafeRawBufferPointer) {
        guard let base = id.baseAddress, id.count <= Self.maximumIDCount else { return }
        let place = lastID ?? .allocate(capacity: Self.maximumIDCount + 1)
        lastID = place
        place[0] = UInt8(id.count)
        memcpy(place + 1, base, id.count)
    }

    /// Resumes after this id.
    mutating func keep(id: String) {
        var id = id
        id.withUTF8 { keep(id: UnsafeRawBufferPointer($0)) }
    }

    var lastIDText: String {
        lastID.map { String(decoding: UnsafeBufferPointer(start: $0 + 1, count: Int($0[0])), as: UTF8.self) } ?? ""
    }

    /// Ready for another connection; what was seen so far stays known.
    mutating func reset() {
        socket = -1
        phase = .closed
        carryCount = 0
        isChunked = false
        isWatched = false
        chunks = ChunkDecoder()
    }

    func deallocate() {
        free(carry)
        lastID?.deallocate()
    }
}
