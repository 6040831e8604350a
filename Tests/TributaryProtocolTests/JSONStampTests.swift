import NIOCore
import Testing
import TributaryTesting

@testable import TributaryProtocol

@Suite struct JSONStampTests {
    /// As the catalog has it for `message.new`, for a user `u1`.
    private static let message = JSONStamp([
        JSONStamp.Rule("client_msg_id", "c1", refusesOthers: false, isAdded: true),
        JSONStamp.Rule("content.actor_type", "client", refusesOthers: false, isAdded: true),
        JSONStamp.Rule("userId", "u1", refusesOthers: true, isAdded: true),
    ])
    /// Only judges what is there.
    private static let claims = JSONStamp([
        JSONStamp.Rule("userId", "u1", refusesOthers: true, isAdded: false),
        JSONStamp.Rule("content.actor_type", "client", refusesOthers: false, isAdded: false),
    ])

    private func stamped(_ json: String, _ stamp: JSONStamp = message) -> String? {
        (try? stamp.apply(to: ByteBuffer(string: json))).map { String(buffer: $0) }
    }

    private func refusal(_ json: String, _ stamp: JSONStamp = message) -> JSONStamp.Refusal? {
        do throws(JSONStamp.Refusal) {
            _ = try stamp.apply(to: ByteBuffer(string: json))
            return nil
        } catch {
            return error
        }
    }

    @Test func `what is missing is added behind the rest, in the rules' order`() {
        #expect(stamped("{}") == #"{"client_msg_id":"c1","content":{"actor_type":"client"},"userId":"u1"}"#)
        #expect(
            stamped(#" { "a" : 1 } "#)
                == #" { "a" : 1,"client_msg_id":"c1","content":{"actor_type":"client"},"userId":"u1" } "#)
        #expect(
            stamped(#"{"content":{},"userId":"u1"}"#)
                == #"{"content":{"actor_type":"client"},"userId":"u1","client_msg_id":"c1"}"#)
        #expect(
            stamped(#"{"content":{"text":"x" } ,"userId":"u1","client_msg_id":"c1"}"#)
                == #"{"content":{"text":"x","actor_type":"client" } ,"userId":"u1","client_msg_id":"c1"}"#)
    }

    @Test func `what is right already stays byte for byte, however it is written`() throws {
        for json in [
            #"{"client_msg_id":"c1","content":{"actor_type":"client"},"userId":"u1"}"#,
            #"{"userId" : "\u0075\u0031", "content":{"actor_type":"\u0063lient","n":[1,{"userId":"x"}]},"client_msg_id":"c1"}"#,
            #"{"\u0075serId":"u1","conte\u006Et":{"actor\u005ftype":"client"},"client_msg_id":"c1"}"#,
        ] {
            #expect(stamped(json) == json)
        }
    }

    @Test func `nothing else is touched: numbers, escapes, white space and the order of keys`() {
        let rest = """
            "z":-0.0,"big":123456789012345678901234567890.5e+400,"e":1E-7,"t":"\\u00e9\\/\\ud83d\\ude00é😀",\r\n\t"a":[ ],\
            "b":{ },"d":1,"d":2,"deep":\(String(repeating: "[", count: 200))\(String(repeating: "]", count: 200))
            """
        #expect(
            stamped("{\(rest)}")
                == "{\(rest),\"client_msg_id\":\"c1\",\"content\":{\"actor_type\":\"client\"},\"userId\":\"u1\"}")
    }

    @Test func `a false word about a kind of sender is replaced where it stands`() {
        #expect(
            stamped(#"{"content":{"actor_type": "assistant" ,"x":1},"userId":"u1","client_msg_id":7}"#)
                == #"{"content":{"actor_type": "client" ,"x":1},"userId":"u1","client_msg_id":"c1"}"#)
        for other in ["null", "1", "true", "[\"client\"]", #"{"a":{"b":[]}}"#, #""Client""#, #""client ""#] {
            #expect(
                stamped(#"{"content":{"actor_type":\#(other)},"userId":"u1","client_msg_id":"c1"}"#)
                    == #"{"content":{"actor_type":"client"},"userId":"u1","client_msg_id":"c1"}"#)
        }
    }

    @Test(arguments: [
        #""u2""#, #""U1""#, #""u1 ""#, #""""#, "1", "true", "[]", "{}", #"["u1"]"#, #"{"id":"u1"}"#, #""\ud800""#,
        #""u1\u0000""#, #""\u0075\u0032""#,
    ])
    func `another user's name is refused`(_ other: String) {
        #expect(refusal(#"{"userId":\#(other)}"#) == .otherText(path: "userId"))
        #expect(refusal(#"{"a":1,"user\u0049d":\#(other)}"#) == .otherText(path: "userId"))
        #expect(refusal(#"{"userId":\#(other)}"#, Self.claims) == .otherText(path: "userId"))
    }

    @Test func `no name is a place for one`() {
        #expect(
            stamped(#"{"userId":null,"content":{"actor_type":"client"},"client_msg_id":"c1"}"#)
                == #"{"userId":"u1","content":{"actor_type":"client"},"client_msg_id":"c1"}"#)
    }

    @Test func `letters that only look alike, or are equal to Swift alone, are others`() {
        let stamp = JSONStamp([JSONStamp.Rule("K", "K", refusesOthers: true, isAdded: true)])
        #expect(refusal("{\"K\":\"\u{212A}\"}", stamp) == .otherText(path: "K"))
        #expect(refusal(#"{"K":"\u212A"}"#, stamp) == .otherText(path: "K"))
        #expect(stamped("{\"\u{212A}\":1}", stamp) == "{\"\u{212A}\":1,\"K\":\"K\"}")
        let composed = JSONStamp([JSONStamp.Rule("userId", "\u{E9}", refusesOthers: true, isAdded: true)])
        #expect(refusal("{\"userId\":\"e\u{301}\"}", composed) == .otherText(path: "userId"))
    }

    @Test func `a key on the way that stands twice is refused, whatever it is written as`() {
        #expect(refusal(#"{"userId":"u1","userId":"u1"}"#) == .repeatedKey(path: "userId"))
        #expect(refusal(#"{"userId":"u1","user\u0049d":"u2"}"#) == .repeatedKey(path: "userId"))
        #expect(refusal(#"{"user\u0049d":"u1","a":1,"userId":"u2"}"#) == .repeatedKey(path: "userId"))
        #expect(refusal(#"{"content":{},"content":{"actor_type":"assistant"}}"#) == .repeatedKey(path: "content"))
        #expect(refusal(#"{"content":{},"\u0063ontent":7}"#) == .repeatedKey(path: "content"))
        #expect(
            refusal(#"{"content":{"actor_type":"client","actor_type":"assistant"}}"#)
                == .repeatedKey(path: "content.actor_type"))
        #expect(refusal(#"{"userId":null,"userId":null}"#, Self.claims) == .repeatedKey(path: "userId"))
    }

    @Test(arguments: [#""text""#, "null", "7", "[]", #"[{"actor_type":"client"}]"#, "false"])
    func `where something is to be added there has to be an object`(_ value: String) {
        #expect(refusal(value) == .notAnObject(path: ""))
        #expect(refusal(#"{"content":\#(value)}"#) == .notAnObject(path: "content"))
        // Where nothing is, there is nothing to claim.
        #expect(stamped(value, Self.claims) == value)
        #expect(stamped(#"{"content":\#(value)}"#, Self.claims) == #"{"content":\#(value)}"#)
    }

    @Test func `claims are judged where they stand and added nowhere`() {
        for json in ["{}", #"{"userId":null,"content":{"actor_type":null}}"#, #"{"userId":"u1","content":{}}"#, "[]"] {
            #expect(stamped(json, Self.claims) == json)
        }
        #expect(
            stamped(#"{"content":{"actor_type":"assistant"}}"#, Self.claims) == #"{"content":{"actor_type":"client"}}"#)
    }

    @Test func `names are written as JSON`() {
        let stamp = JSONStamp([JSONStamp.Rule("userId", "a\"\\\u{7F}é", refusesOthers: true, isAdded: true)])
        #expect(stamped("{}", stamp) == "{\"userId\":\"a\\\"\\\\\u{7F}é\"}")
    }

    @Test func `what is no JSON is refused`() {
        for json in ["", " ", "{", #"{"a"}"#, #"{"a":}"#, #"{"userId":"u1""#, #"{"a":01}"#, #"{"userId":"u"#] {
            #expect(refusal(json) != nil, "\(json)")
        }
    }

    @Test func `a slice of a larger buffer is stamped as any`() throws {
        var buffer = ByteBuffer(string: #"xx{"userId":"u1"}yy"#)
        buffer.moveReaderIndex(forwardBy: 2)
        let slice = buffer.readSlice(length: 15) ?? ByteBuffer()
        let stamp = JSONStamp([JSONStamp.Rule("a.b", "c", refusesOthers: false, isAdded: true)])
        #expect(try String(buffer: stamp.apply(to: slice)) == #"{"userId":"u1","a":{"b":"c"}}"#)
    }

    @Test func `stamped JSON is JSON, and stamping it again changes nothing`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let json = Self.object(depth: 3, &generator)
            guard let once = stamped(json) else { continue }
            #expect(ByteBuffer(string: once).withUnsafeReadableBytes { isJSON($0) }, "\(json)")
            #expect(stamped(once) == once)
        }
    }

    /// Objects with the keys that matter among others.
    private static func object(depth: Int, _ generator: inout SeededGenerator) -> String {
        let keys = ["userId", "content", "actor_type", "client_msg_id", "a", "\\u0063ontent"]
        let values = ["\"u1\"", "null", "1e9", "[{}]", "\"client\"", "\"\\\"}\""]
        let members = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            let isObject = depth > 0 && Bool.random(using: &generator)
            let value = isObject ? object(depth: depth - 1, &generator) : values.randomElement(using: &generator) ?? "1"
            return "\"\(keys.randomElement(using: &generator) ?? "a")\": \(value)"
        }
        return "{" + members.joined(separator: " , ") + "}"
    }
}
