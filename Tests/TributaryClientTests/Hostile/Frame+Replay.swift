/// What a hub sends around a replay that was cut short, and how it answers `GET /history`.
extension Frame {
    static func replayEnd(last: Int, replayed: Int, more: Bool) -> String {
        "event: replay.end\ndata: "
            + #"{"projectId":"p1","lastReplayedSeq":\#(last),"replayed":\#(replayed),"totalAvailable":10000,"#
            + #""more":\#(more),"message":"m"}"# + "\n\n"
    }

    static func gap(from: Int? = nil, to: Int? = nil, reason: String = "replay_limit") -> String {
        let from = from.map { #""from":\#($0),"# } ?? ""
        let to = to.map { #""to":\#($0),"# } ?? ""
        return "event: gap\ndata: "
            + #"{"project_id":"p1","channels":["chat","jobs"],"reason":"\#(reason)",\#(from)\#(to)"#
            + #""timestamp":"2026-01-01T00:00:00Z"}"# + "\n\n"
    }

    /// The body of a page of messages with these ids.
    static func history(_ ids: some Sequence<Int>, more: Bool = false, latest: Int? = nil, rest: String = "") -> String
    {
        let events = ids.map {
            #"{"id":\#($0),"channel":"chat","event":"message.new","data":\#(messageData($0)),"#
                + #""timestamp":"2026-01-01T00:00:00.000Z"}"#
        }
        let latest = latest.map(String.init) ?? "null"
        return #"{"events":[\#(events.joined(separator: ","))],"more":\#(more),"latest_seq":\#(latest)\#(rest)}"#
    }
}

extension HostileConnection {
    var isHistory: Bool { request.path.hasSuffix("/history") }

    func answerJSON(_ body: String) async throws {
        try await answer("200 OK", headers: ["Content-Type: application/json"], body: body)
    }
}
