import Foundation
import NIOCore
import Testing
import TributaryTesting
import TributaryProtocol

/// Random damage to valid envelopes; Foundation's parser is the second opinion.
struct EnvelopeFuzzTests {
    private static let words = [
        #"{"#, #"}"#, #"["#, #"]"#, #":"#, #","#, #"""#, #"\"#, #"\u"#, #"\ud83d"#, #"\udea2"#, #"\u0000"#, "\n", "\r",
        "\0", "0", "-", "1e9", ".5", "NaN", "null", "true", "é", "🚢", #""id":"#, #""event":"#, #","to":{"user":"u"}"#,
        #","data":"#, #","\u0064ata":1"#, " ", "\t",
    ]
    private static let brokenUTF8: [[UInt8]] = [
        [0xFF], [0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF0, 0x9F],
    ]
    private static let tokens = words.map { Array($0.utf8) } + brokenUTF8

    @Test(.timeLimit(.minutes(5))) func `100,000 damaged envelopes never disagree with another parser`() throws {
        let small = try EnvelopeFixtureTests.cases.get().filter { $0.payload.bytes.count < 160 }
        // Mostly valid ones, because damage makes the others no better.
        let valid = small.filter { $0.accepted != nil }
        let corpus = (small + valid + valid).map(\.payload.bytes)
        var random = SeededGenerator(seed: 2)
        var accepted = 0
        var refused: [Envelope.Rejection: Int] = [:]
        for _ in 0..<100_000 {
            var payload = random.pick(corpus)
            random.mutate(&payload, tokens: Self.tokens)
            switch Envelope.result(of: payload) {
            case .success(let envelope):
                accepted += 1
                if let why = disagreement(on: payload, envelope) {
                    Issue.record("\(why): \(String(decoding: payload, as: UTF8.self)) \(payload)")
                }
            case .failure(let rejection):
                refused[rejection, default: 0] += 1
                if rejection == .malformed, let why = others(accept: payload) {
                    Issue.record("\(why): \(String(decoding: payload, as: UTF8.self)) \(payload)")
                }
            }
        }
        // Otherwise the mutations are too tame, or too wild, to show anything.
        #expect(accepted > 5_000)
        #expect(refused[.malformed, default: 0] > 10_000)
        for reason in Envelope.Rejection.allCases where reason != .tooLarge {
            #expect(refused[reason, default: 0] > 20, "\(reason)")
        }
    }

    @Test func `100,000 payloads of random bytes are refused without harm`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            let payload = (0..<random.below(48)).map { _ in UInt8(truncatingIfNeeded: random.next() >> 24) }
            guard case .success = Envelope.result(of: payload) else { continue }
            Issue.record("accepted \(payload)")
        }
    }

    /// Why an accepted envelope should not have been, or not so; `nil` if everybody agrees.
    private func disagreement(on payload: [UInt8], _ envelope: Envelope) -> String? {
        let data = Array(payload[envelope.data])
        guard data.withUnsafeBytes({ isJSON($0) }) else { return "data is not JSON by itself" }
        if let why = changed(by: payload, envelope, data) { return why }
        guard let value = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any] else {
            return mayOverflowOrBeLone(payload) ? nil : "another parser refuses it"
        }
        guard value["event"] as? String == envelope.event.rawValue else { return "another event" }
        guard value["data"] != nil else { return "no data" }
        let user = (value["to"] as? [String: Any])?["user"] as? String
        guard user == envelope.recipient?.rawValue else { return "another recipient" }
        return nil
    }

    /// Writes the envelope anew and scans that.
    private func changed(by payload: [UInt8], _ envelope: Envelope, _ data: [UInt8]) -> String? {
        let event = Event(
            channel: .chat, name: envelope.event, data: ByteBuffer(bytes: data), id: envelope.id,
            recipient: envelope.recipient, clientMessageID: envelope.clientMessageID
        )
        let written = Array(Envelope.encode(event, timestamp: envelope.timestamp ?? 0).readableBytesView)
        guard case .success(let again) = Envelope.result(of: written) else { return "cannot be read again" }
        let same =
            again.event == envelope.event && again.id == envelope.id && again.recipient == envelope.recipient
            && again.clientMessageID == envelope.clientMessageID && written[again.data].elementsEqual(data)
        return same ? nil : "is read differently again"
    }

    /// Foundation refuses lone surrogates and numbers that no Double holds, which RFC 8259 allows.
    private func mayOverflowOrBeLone(_ payload: [UInt8]) -> Bool {
        let text = String(decoding: payload, as: UTF8.self)
        return text.contains(#"\ud"#) || text.contains(#"\uD"#)
            || text.contains(/[0-9][eE]\+?[0-9]{2,}/) || text.contains(/[0-9]{15,}/)
    }

    /// Why an envelope that was called malformed should not have been; `nil` if everybody agrees.
    private func others(accept payload: [UInt8]) -> String? {
        guard (try? JSONSerialization.jsonObject(with: Data(payload))) is [String: Any] else { return nil }
        // A key that stands twice is refused on purpose. Foundation takes UTF-16, a BOM and trailing commas, too.
        let text = String(decoding: payload, as: UTF8.self)
        let keys = text.matches(of: /"(event|data|id|to|ts|prev|retry|traceparent|committed_at|client_msg_id)"/)
        let mayRepeat = Set(keys.map { String($0.output.1) }).count < keys.count || text.contains(#"\u"#)
        let isLenient = payload.contains(0) || text.hasPrefix("\u{FEFF}") || text.contains(/,\s*[\]}]/)
        return mayRepeat || isLenient ? nil : "another parser takes it"
    }
}
