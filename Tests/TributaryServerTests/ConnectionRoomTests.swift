import Testing

@testable import TributaryServer

@Suite struct ConnectionRoomTests {
    @Test func `who waits longest goes first, and who begins anew waits from then on`() {
        var waiting = WaitingConnections<Int>()
        for id in 1...4 { waiting.insert(id) }
        waiting.insert(1)
        waiting.remove(2)
        #expect(waiting.longest(of: [1, 2, 4]) == 4)
        #expect(waiting.longest(of: [2]) == nil)
        #expect([waiting.popFirst(), waiting.popFirst(), waiting.popFirst(), waiting.popFirst()] == [3, 4, 1, nil])
    }

    @Test func `a connection that begins anew again and again does not hide the others`() {
        var waiting = WaitingConnections<Int>()
        waiting.insert(1)
        for _ in 0..<10_000 { waiting.insert(2) }
        #expect([waiting.popFirst(), waiting.popFirst(), waiting.popFirst()] == [1, 2, nil])
    }

    @Test func `without room, connections that wait make some, and others stay`() {
        var room = ConnectionRoom<Int>(maximum: 8, maximumBodyBytes: 100)
        for id in 1...8 {
            #expect(!room.isFull)
            room.enter()
            room.wait(id)
        }
        #expect(room.isFull)
        room.work(1)
        // A stream.
        room.forget(2)
        #expect(room.makeRoom() == [3, 4, 5, 6])
        // They are on their way.
        #expect(room.isFull && room.makeRoom() == [])
        room.wait(3)
        for id in 3...6 { room.leave(id) }
        #expect(!room.isFull && room.count == 4)
        #expect(room.makeRoom() == [])
    }

    @Test func `nobody goes while all have something to do, and the next that waits does`() {
        var room = ConnectionRoom<Int>(maximum: 1, maximumBodyBytes: 100)
        room.enter()
        room.wait(1)
        room.work(1)
        #expect(room.isFull && room.makeRoom() == [])
        room.wait(1)
        #expect(room.makeRoom() == [1])
    }

    @Test func `without a bound, nobody goes`() {
        var room = ConnectionRoom<Int>(maximum: nil, maximumBodyBytes: 100)
        for id in 1...1_000 {
            room.enter()
            room.wait(id)
        }
        #expect(!room.isFull && room.makeRoom() == [])
    }

    @Test func `bodies beyond the bound go in the order in which they wait`() {
        var room = ConnectionRoom<Int>(maximum: nil, maximumBodyBytes: 100)
        for id in 1...3 { room.wait(id) }
        #expect(room.hold(40, 1) == .allowed)
        #expect(room.hold(60, 2) == .allowed)
        #expect(room.hold(10, 3) == .instead(of: 1))
        #expect(room.bodyBytes == 70)
        room.leave(1)
        // What grows counts once, and what is answered no more.
        #expect(room.hold(30, 3) == .allowed)
        #expect(room.bodyBytes == 90)
        #expect(room.hold(0, 3) == .allowed)
        #expect(room.bodyBytes == 60)
    }

    @Test func `a body never goes for its own sake`() {
        var room = ConnectionRoom<Int>(maximum: nil, maximumBodyBytes: 100)
        for id in 1...2 { room.wait(id) }
        #expect(room.hold(60, 2) == .allowed)
        #expect(room.hold(60, 1) == .instead(of: 2), "1 has waited longer, and has just said something")
        #expect(room.hold(101, 1) == .refused)
    }

    @Test func `a body is refused while all others are being answered`() {
        var room = ConnectionRoom<Int>(maximum: nil, maximumBodyBytes: 100)
        #expect(room.hold(100, 1) == .allowed)
        room.work(1)
        #expect(room.hold(1, 2) == .refused)
        #expect(room.bodyBytes == 100)
        #expect(room.hold(0, 1) == .allowed)
        #expect(room.hold(1, 2) == .allowed)
        room.forget(2)
        #expect(room.bodyBytes == 0)
    }
}
