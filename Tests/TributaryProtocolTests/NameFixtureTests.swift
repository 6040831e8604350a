import Foundation
import Testing
import TributaryProtocol

/// `Protocols/fixtures/names.json`: names that the hub accepts and refuses.
struct NameFixtureTests {
    struct Kinds: Decodable, Sendable {
        struct Kind: Decodable, Sendable, CustomTestStringConvertible {
            let kind: String
            let accepted: [FixtureBytes]
            let rejected: [FixtureBytes]

            var testDescription: String { kind }
        }

        let kinds: [Kind]
    }

    static let kinds = Result { try Contract.decode(Kinds.self, from: "fixtures/names.json").kinds }

    @Test(arguments: try kinds.get())
    func `names are accepted and refused by their kind`(_ kind: Kinds.Kind) throws {
        for name in kind.accepted.map(\.text) {
            #expect(try parse(name, as: kind.kind) == name)
        }
        for name in kind.rejected.map(\.text) {
            #expect(throws: InvalidName.self, "\(kind.kind) \"\(name)\"") { try parse(name, as: kind.kind) }
        }
    }

    @Test func `every kind has names`() throws {
        #expect(Set(try Self.kinds.get().map(\.kind)) == ["channel", "project", "client_instance", "user", "event"])
    }

    @Test func `an event id is within what JavaScript holds exactly`() {
        #expect(EventID(0) == nil)
        #expect(EventID(1)?.rawValue == 1)
        #expect(EventID(EventID.maximum)?.description == "9007199254740991")
        #expect(EventID(EventID.maximum + 1) == nil)
        #expect(EventID(digits: "9007199254740991".utf8) == EventID(EventID.maximum))
        for text in ["", "0", "-1", "+1", " 1", "1 ", "1.0", "1e3", "٣", "9007199254740992", "18446744073709551617"] {
            #expect(EventID(digits: text.utf8) == nil, "\(text)")
        }
    }

    private func parse(_ name: String, as kind: String) throws -> String {
        switch kind {
        case "channel": try Channel(name).name
        case "project": try ProjectID(name).rawValue
        case "client_instance": try ClientInstanceID(name).rawValue
        case "user": try UserID(name).rawValue
        default: try EventName(name).rawValue
        }
    }

    @Test func `users who look alike are two users`() throws {
        for (one, other) in [("K", "\u{212A}"), ("\u{E9}", "e\u{301}"), ("a\u{323}\u{307}", "a\u{307}\u{323}")] {
            #expect(one == other, "to Swift's strings")
            #expect(try UserID(one) != UserID(other))
            #expect(try Set([UserID(one), UserID(other), UserID(one)]).count == 2)
        }
    }
}
