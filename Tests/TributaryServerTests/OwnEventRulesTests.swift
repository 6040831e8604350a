import Foundation
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

@Suite struct OwnEventRulesTests {
    private func own(
        _ name: String, _ data: String, channel: String = "chat", key: String? = nil, id: UInt64? = nil,
        to recipient: String? = nil, userType: String = "client", catalog: Catalog? = nil
    ) throws -> Event {
        let catalog = try catalog ?? .bundled()
        let index = try #require(catalog.index(of: channel))
        let event = Event(
            channel: catalog.channels[index], name: try EventName(name), data: ByteBuffer(string: data),
            id: id.flatMap(EventID.init), recipient: try recipient.map { try UserID($0) }, clientMessageID: key
        )
        return try OwnEventRules(catalog).own(event, in: index, by: UserID("u1"), userType: userType)
    }

    private func data(_ name: String, _ data: String, key: String? = nil, userType: String = "client") throws -> String
    {
        String(buffer: try own(name, data, key: key, userType: userType).data)
    }

    private func code(_ body: () throws -> Event) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? Problem)?.code
        }
    }

    @Test func `a message says who sent it, and by which key`() throws {
        #expect(
            try data("message.new", #"{"content":{"text":"hi"}}"#, key: "k")
                == #"{"content":{"text":"hi","actor_type":"client"},"client_msg_id":"k","userId":"u1"}"#)
        // Without a key there is none to add, and the data's own stays what it is.
        #expect(
            try data("message.new", #"{"content":{"actor_type":"assistant"},"client_msg_id":null,"userId":"u1"}"#)
                == #"{"content":{"actor_type":"client"},"client_msg_id":null,"userId":"u1"}"#)
        #expect(try own("message.new", "{}", key: "k").sender?.rawValue == "u1")
    }

    @Test func `under a replay name or an alias of the channel it is the same event`() throws {
        #expect(code { try own("message.replay", #"{"userId":"u2"}"#) } == "user_mismatch")
        #expect(code { try own("message.new", #"{"userId":"u2"}"#, channel: "job") } == "user_mismatch")
        #expect(try data("message.replay", "{}").contains(#""userId":"u1""#))
    }

    @Test func `what a user is to the project is the hub's word`() throws {
        #expect(try data("typing.start", #"{"user_type":"advisor"}"#) == #"{"user_type":"client","userId":"u1"}"#)
        #expect(
            try data("typing.start", #"{"user_type":"client"}"#, userType: "advisor")
                == #"{"user_type":"advisor","userId":"u1"}"#)
        // Who speaks is a person, whatever it is to the project.
        #expect(
            try data("message.new", #"{"userId":"u1"}"#, userType: "advisor")
                == #"{"userId":"u1","content":{"actor_type":"client"}}"#)
    }

    @Test func `an event that the catalog does not stamp may not lie either`() throws {
        for name in ["message.edited", "cursor.moved", "plan.updated"] {
            let honest = #"{"userId":"u1","user_id":null,"content":{"text":"x"},"n":1.0e5}"#
            #expect(try data(name, honest) == honest)
            for member in ["userId", "user_id", "user\\u0049d"] {
                #expect(code { try own(name, "{\"\(member)\":\"u2\"}") } == "user_mismatch", "\(name) \(member)")
            }
            #expect(
                try data(name, #"{"content":{"actor_type":"assistant"},"user_type":"advisor"}"#)
                    == #"{"content":{"actor_type":"client"},"user_type":"client"}"#)
            for other in ["[]", "1", "\"u2\"", "null", #"[{"userId":"u2"}]"#, #"{"content":"assistant"}"#] {
                #expect(try data(name, other) == other)
            }
        }
        // Both spellings count for events that are stamped, too.
        #expect(code { try own("message.new", #"{"user_id":"u2"}"#) } == "user_mismatch")
    }

    @Test func `data that cannot be stamped is refused`() {
        for data in ["[]", "1", "null", "\"x\"", #"{"content":"x"}"#, #"{"content":null}"#, #"{"content":[]}"#] {
            #expect(code { try own("message.new", data) } == "data_not_an_object", "\(data)")
        }
        #expect(code { try own("message.new", #"{"userId":"u1","userId":"u1"}"#) } == "repeated_key")
        #expect(code { try own("cursor.moved", #"{"userId":"u1","user\u0049d":"u2"}"#) } == "repeated_key")
    }

    @Test func `ids, other recipients and what speaks for all are not a user's`() throws {
        #expect(code { try own("message.new", "{}", id: 7) } == "id_forbidden")
        #expect(code { try own("message.new", "{}", to: "u2") } == "recipient_forbidden")
        #expect(try own("message.new", "{}", to: "u1").recipient?.rawValue == "u1")
        #expect(code { try own("presence.snapshot", #"{"users":[]}"#, channel: "presence") } == "event_forbidden")
        #expect(code { try own("presence.changed", #"{"userId":"u2"}"#, channel: "presence") } == "user_mismatch")
    }

    @Test func `a problem names the place`() {
        do {
            _ = try own("message.new", #"{"content":7}"#)
        } catch {
            #expect((error as? Problem)?.details == [.init(name: "path", value: "data.content")])
        }
    }

    @Test func `paths of a catalog that lead to each other do not get in each other's way`() throws {
        let catalog = try Catalog(
            json: .init(
                """
                {"version":1,"channels":[{"name":"chat","durable":true,"events":[
                    {"name":"a","identity":{"author":"$user_id"}},
                    {"name":"b","identity":{"author.id":"$user_id","author.kind":"person","by":"$other"}}]}]}
                """.utf8
            )
        )
        #expect(try String(buffer: own("a", "{}", catalog: catalog).data) == #"{"author":"u1"}"#)
        #expect(
            try String(buffer: own("b", #"{"author":{"id":"u1"}}"#, catalog: catalog).data)
                == #"{"author":{"id":"u1","kind":"person"},"by":"$other"}"#)
        #expect(code { try own("c", #"{"author":"u2"}"#, catalog: catalog) } == "user_mismatch")
    }
}
