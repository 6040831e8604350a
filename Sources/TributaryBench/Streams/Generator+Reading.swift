import Glibc
import Histogram

extension Generator {
    /// Nobody sends a frame of this size.
    private static let maximumFrame = 1 << 24

    /// Reads what a stream has, once.
    ///
    /// - Returns: whether it filled the buffer, so that there may be more.
    @discardableResult
    func read(_ index: Int) -> Bool {
        let state = streams + index
        guard let base = buffer.baseAddress, state.pointee.phase != .closed else { return false }
        let carried = state.pointee.carryCount
        if carried > 0, let carry = state.pointee.carry { memcpy(base, carry, carried) }
        let limit = state.pointee.isSlow ? 1_024 : buffer.count - carried
        let count = recv(state.pointee.socket, base + carried, limit, 0)
        if count <= 0 {
            if count < 0, errno == EAGAIN || errno == EINTR { return false }
            end(index, count == 0 ? nil : errno)
            return false
        }
        take(index, carried, count)
        return count == limit && !state.pointee.isSlow
    }

    /// Looks at what came: `count` bytes in the buffer, behind those that were carried over.
    @inline(__always)
    private func take(_ index: Int, _ carried: Int, _ count: Int) {
        let state = streams + index
        guard let base = buffer.baseAddress else { return }
        book.pointee.reads &+= 1
        book.pointee.bytes &+= UInt64(count)
        if state.pointee.isSlow, state.pointee.phase == .open { return }
        var fresh = base + carried
        var total = carried + count
        if state.pointee.phase != .open {
            let whole = UnsafeRawBufferPointer(start: base, count: total)
            guard let head = ResponseHead.read(whole) else { return keep(index, whole) }
            guard accept(index, head, whole) else { return }
            fresh = base + head.count
            total -= head.count
            let rest =
                state.pointee.isChunked
                ? state.pointee.chunks.decode(.init(start: fresh, count: total)) : total
            return scan(index, UnsafeRawBufferPointer(start: fresh, count: rest))
        }
        if state.pointee.isChunked {
            total = carried + state.pointee.chunks.decode(.init(start: fresh, count: count))
        }
        scan(index, UnsafeRawBufferPointer(start: base, count: total))
        if state.pointee.isChunked, state.pointee.chunks.isOver { end(index, nil) }
    }

    private func accept(_ index: Int, _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard head.status == 200 else {
            let body = String(decoding: bytes[head.count...].prefix(200), as: UTF8.self)
            fail(index, "HTTP \(head.status) \(body.split(whereSeparator: \.isNewline).joined(separator: " "))")
            return false
        }
        streams[index].phase = .open
        streams[index].wasOpened = true
        streams[index].isChunked = head.isChunked
        unanswered -= 1
        opened += 1
        // From now on it is read now and then, when `readSlow` says so.
        if streams[index].isSlow { epoll.forget(streams[index].socket) }
        return true
    }

    @inline(__always)
    private func scan(_ index: Int, _ bytes: UnsafeRawBufferPointer) {
        var sink = StreamSink(
            book: book, stream: streams + index, now: Clock.now, keepsIDs: configuration.keepsIDs)
        let used = scanner.pointee.scan(bytes, into: &sink)
        keep(index, UnsafeRawBufferPointer(rebasing: bytes[used...]))
    }

    private func keep(_ index: Int, _ rest: UnsafeRawBufferPointer) {
        if rest.count > Self.maximumFrame { return end(index, EMSGSIZE) }
        streams[index].keep(rest)
        guard rest.count > buffer.count / 2 else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
        buffer.deallocate()
        buffer = larger
    }

    private func end(_ index: Int, _ code: Int32?) {
        guard streams[index].phase == .open else {
            return fail(index, code.map { String(cString: strerror($0)) } ?? "closed without an answer")
        }
        book.pointee.ended += 1
        if failure == nil, let code { failure = "a stream ended: \(String(cString: strerror(code)))" }
        close(index)
    }

    /// Lets each slow stream read a little.
    func readSlow() {
        for index in 0..<configuration.streams where streams[index].isSlow && streams[index].phase == .open {
            read(index)
        }
    }
}

/// Books what one read brought.
private struct StreamSink: FrameSink {
    let book: UnsafeMutablePointer<Book>
    let stream: UnsafeMutablePointer<StreamState>
    let now: UInt64
    let keepsIDs: Bool

    @inline(__always)
    mutating func event(sequence: UInt64, time: UInt64) {
        if stream.pointee.check.take(sequence) == .repeated { return }
        book.pointee.deliveries &+= 1
        let lane = stream.pointee.lane
        book.pointee.flight.arrive(lane: Int(lane), sequence: sequence)
        if time > 0, now > time, book.pointee.latencyLane < 0 || book.pointee.latencyLane == lane {
            book.pointee.latency.record(now &- time)
        }
    }

    mutating func frame(_ kind: OtherFrame) {
        switch kind {
        case .comment: book.pointee.comments &+= 1
        case .gap: book.pointee.gaps &+= 1
        case .serverClose: book.pointee.serverCloses &+= 1
        case .replayEnd: book.pointee.replayEnds &+= 1
        case .other: book.pointee.otherFrames &+= 1
        }
    }

    @inline(__always)
    mutating func id(_ bytes: UnsafeRawBufferPointer) {
        if keepsIDs { stream.pointee.keep(id: bytes) }
    }
}
