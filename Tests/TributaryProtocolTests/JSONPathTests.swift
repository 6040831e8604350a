import Testing
import TributaryProtocol

@Suite struct JSONPathTests {
    private func scalar(_ path: String, _ json: String, limit: Int = 256) -> String? {
        var json = json
        return json.withUTF8 { JSONPath(path).scalar(in: UnsafeRawBufferPointer($0), limit: limit) }
    }

    @Test func `it finds strings, numbers and booleans, and tells a number from its text`() {
        #expect(scalar("a", #"{"a":"x"}"#) == "\"x")
        #expect(scalar("a", #" { "b" : [ {"a":1} ] , "a" : 12.5e3 } "#) == "12.5e3")
        #expect(scalar("a", #"{"a":true}"#) == "true")
        #expect(scalar("a", #"{"a":"1"}"#) != scalar("a", #"{"a":1}"#))
    }

    @Test func `it goes down into objects`() {
        let json = #"{"b":0,"content":{"x":{"id":7},"id":"c"},"id":"d"}"#
        #expect(scalar("content.id", json) == "\"c")
        #expect(scalar("content.x.id", json) == "7")
        #expect(scalar("b.id", json) == nil)
        #expect(scalar("content.y", json) == nil)
    }

    @Test func `escapes in keys and values count as what they mean`() {
        #expect(scalar("user", #"{"\u0075ser":"\u0061b"}"#) == "\"ab")
        #expect(scalar("user", #"{"usr":1,"user ":2,"User":3}"#) == nil)
        #expect(scalar("a", #"{"a":"\ud800"}"#) == nil)
    }

    @Test func `there is nothing in what is no object, and no name in what is no scalar or too long`() {
        for json in ["[1]", "1", "\"a\"", "null", "{}", #"{"a":null}"#, #"{"a":{}}"#, #"{"a":[]}"#] {
            #expect(scalar("a", json) == nil, "\(json)")
        }
        #expect(scalar("a", #"{"a":"12345"}"#, limit: 5) == "\"12345")
        #expect(scalar("a", #"{"a":"12345"}"#, limit: 4) == nil)
        #expect(scalar("a", #"{"a":12345}"#, limit: 4) == nil)
        #expect(scalar("a", #"{"a":"ü"}"#, limit: 1) == nil)
    }

    @Test func `the first of two equal keys counts`() {
        #expect(scalar("a", #"{"a":1,"a":2}"#) == "1")
    }
}
