import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct SelectionTests {
    private let chat = ChannelSet(index: 0)
    private let jobs = ChannelSet(index: 1)
    private let both: ChannelSet = [ChannelSet(index: 0), ChannelSet(index: 1)]
    private let u1: UserID
    private let u2: UserID

    init() throws {
        u1 = try UserID("u1")
        u2 = try UserID("u2")
    }

    /// Frames of one letter each, from `a` on; with ids and places from 1 on unless `logged` says otherwise.
    private func segment(_ audiences: Audience..., logged: Bool = true) throws -> Segment {
        var builder = SegmentBuilder()
        for (index, audience) in audiences.enumerated() {
            let number = UInt64(index + 1)
            builder.append(
                for: audience, id: logged ? EventID(number) : nil, at: logged ? LogPosition(high: number) : nil
            ) { $0.writeString(Self.letter(index)) }
        }
        return try #require(builder.seal().first)
    }

    private static func letter(_ index: Int) -> String { String("abcdefghijklmnopqrst"[index]) }

    private func text(_ selection: Selection) -> [String] { selection.slices.map { String(buffer: $0) } }

    private func selection(_ add: (inout Selection) -> Void) -> Selection {
        var selection = Selection()
        add(&selection)
        return selection
    }

    @Test func `a segment that is read whole goes out as it is, and others in as few slices as can be`() throws {
        let segment = try segment(.channel(0), .channel(1), .channel(1), .channel(0), .channel(0))
        let whole = selection { $0.add(segment, channels: both, user: nil) }
        #expect(text(whole) == ["abcde"])
        #expect(whole.byteCount == 5)
        #expect(Set(whole.deliveries.map(\.channel)) == [0, 1])
        let part = selection { $0.add(segment, channels: chat, user: nil) }
        #expect(text(part) == ["a", "de"])
        #expect(part.deliveries == [Delivery(channel: 0, frames: 3, bytes: 3)])
        #expect(selection { $0.add(segment, channels: ChannelSet(index: 2), user: nil) }.isEmpty)
    }

    @Test func `private events are their recipient's alone`() throws {
        let segment = try segment(.channel(0), .user(u1, channel: 0), .user(u2, channel: 0), .user(u1, channel: 1))
        #expect(text(selection { $0.add(segment, channels: both, user: nil) }) == ["a"])
        #expect(text(selection { $0.add(segment, channels: both, user: u1) }) == ["ab", "d"])
        #expect(text(selection { $0.add(segment, channels: chat, user: u1) }) == ["ab"])
        #expect(text(selection { $0.add(segment, channels: both, user: u2) }) == ["a", "c"])
    }

    @Test func `a notice is for the streams with exactly its channels, and is no event`() throws {
        let segment = try segment(.streams(both), .streams(chat), .channel(0), logged: false)
        let forBoth = selection { $0.add(segment, channels: both, user: nil) }
        #expect(text(forBoth) == ["a", "c"])
        #expect(forBoth.deliveries == [Delivery(channel: 0, frames: 1, bytes: 1)])
        #expect(text(selection { $0.add(segment, channels: chat, user: nil) }) == ["bc"])
        #expect(selection { $0.add(segment, channels: jobs, user: nil) }.isEmpty)
    }

    @Test func `what was read up to a place is left out, what no log has is not`() throws {
        let logged = try segment(.channel(0), .channel(0), .channel(0))
        let after = LogPosition(high: 2)
        #expect(text(selection { $0.add(logged, channels: chat, user: nil, after: after) }) == ["c"])
        #expect(text(selection { $0.add(logged, channels: chat, user: nil, after: .start) }) == ["abc"])
        let unlogged = try segment(.channel(0), .streams(chat), logged: false)
        #expect(text(selection { $0.add(unlogged, channels: chat, user: nil, after: after) }) == ["ab"])
    }

    // MARK: Pages of the log

    @Test func `a page is cut at the limit, and all that a reader may have of it is counted`() throws {
        let page = try segment(
            .channel(0), .user(u1, channel: 0), .user(u2, channel: 0), .channel(1), .channel(0), .channel(0)
        )
        func add(limit: Int, through: UInt64 = 99) -> (text: String, found: Int, added: Int, last: UInt64?) {
            var selection = Selection()
            let result = selection.add(
                page, channels: chat, user: u1, through: LogPosition(high: through), limit: limit
            )
            #expect(selection.deliveries.reduce(0) { $0 + Int($1.frames) } == result.added)
            return (text(selection).joined(), result.found, result.added, result.last?.rawValue)
        }
        #expect(add(limit: 99) == ("abef", 4, 4, 6))
        #expect(add(limit: 4) == ("abef", 4, 4, 6))
        #expect(add(limit: 3) == ("abe", 4, 3, 5))
        #expect(add(limit: 0) == ("", 4, 0, nil))
        #expect(add(limit: 99, through: 5) == ("abe", 3, 3, 5))
        #expect(add(limit: 99, through: 0) == ("", 0, 0, nil))
        #expect(add(limit: 1, through: 2) == ("a", 2, 1, 1))
    }

    @Test func `a page that is read whole is counted as one that is not`() throws {
        let page = try segment(.channel(0), .channel(0), .channel(0))
        func add(limit: Int, through: UInt64) -> [String] {
            var selection = Selection()
            let result = selection.add(
                page, channels: chat, user: u1, through: LogPosition(high: through), limit: limit
            )
            return text(selection) + ["\(result.found) \(result.added) \(result.last?.rawValue ?? 0)"]
        }
        #expect(add(limit: 3, through: 3) == ["abc", "3 3 3"])
        #expect(add(limit: 2, through: 3) == ["a", "b", "3 2 2"])
        #expect(add(limit: 3, through: 2) == ["a", "b", "2 2 2"])
    }

    @Test func `whatever a segment holds, a reader gets its own frames and no others, in order`() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            var builder = SegmentBuilder()
            var frames: [(Audience, LogPosition?, String)] = []
            for index in 0..<Int.random(in: 1...12, using: &random) {
                let channel = Int.random(in: 0...2, using: &random)
                let audience: Audience =
                    switch Int.random(in: 0...5, using: &random) {
                    case 0: .user(Bool.random(using: &random) ? u1 : u2, channel: channel)
                    case 1: .streams(Bool.random(using: &random) ? both : chat)
                    default: .channel(channel)
                    }
                let position = Bool.random(using: &random) ? LogPosition(high: UInt64(index)) : nil
                let frame = String(repeating: Self.letter(index), count: Int.random(in: 1...4, using: &random))
                builder.append(for: audience, at: position) { $0.writeString(frame) }
                frames.append((audience, position, frame))
            }
            let channels = [chat, jobs, both].randomElement(using: &random) ?? both
            let user = [u1, u2, nil].randomElement(using: &random) ?? nil
            let after = Bool.random(using: &random) ? LogPosition(high: UInt64.random(in: 0...12, using: &random)) : nil
            let expected = frames.filter { audience, position, _ in
                if let position, let after, position <= after { return false }
                switch audience {
                case .channel(let channel): return channels.contains(ChannelSet(index: channel))
                case .user(let recipient, let channel):
                    return recipient == user && channels.contains(ChannelSet(index: channel))
                case .streams(let set): return set == channels
                }
            }
            let segment = try #require(builder.seal().first)
            let selection = selection { $0.add(segment, channels: channels, user: user, after: after) }
            #expect(text(selection).joined() == expected.map(\.2).joined())
            #expect(selection.byteCount == expected.reduce(0) { $0 + $1.2.utf8.count })
        }
    }
}

extension String {
    fileprivate subscript(offset: Int) -> Character { self[index(startIndex, offsetBy: offset)] }
}
