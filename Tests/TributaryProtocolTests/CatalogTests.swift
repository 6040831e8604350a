import Foundation
import Testing
import TributaryProtocol

/// `Protocols/catalog.json`, and that everything in the contract belongs together.
struct CatalogTests {
    /// What the contract promises, whatever else it may hold.
    static let promised: [String: [String]] = [
        "chat": ["message.new", "typing.start", "typing.stop", "build.status", "plan.created", "plan.*"],
        "jobs": ["job.started", "job.progress", "job.completed", "job.failed"],
        "presence": ["presence.snapshot", "presence.changed"],
        "advisor": ["advisor.workspace_ready", "advisor.matched"],
        "github-sync": ["github-sync.status"],
        "pending-changes": ["manifest.changed"],
    ]

    private static func entries() throws -> [(channel: String?, entry: Catalog.EventEntry)] {
        let document = try Contract.catalog.get().document
        return document.channels.flatMap { channel in channel.events.map { (channel.name, $0) } }
            + (document.hub ?? []).map { (nil, $0) }
    }

    private static func isFamily(_ name: String) -> Bool { name.hasSuffix(".*") }

    @Test func `the catalog that ships is the file`() throws {
        let file = try Catalog(json: Contract.read("catalog.json"))
        #expect(try file.channels == Contract.catalog.get().channels)
    }

    @Test func `the promised channels and events are there`() throws {
        let catalog = try Contract.catalog.get()
        #expect(Set(catalog.channels.map(\.name)) == Set(Self.promised.keys))
        for channel in catalog.document.channels {
            let events = Set(channel.events.map(\.name))
            #expect(events.isSuperset(of: Self.promised[channel.name] ?? []), "\(channel.name)")
        }
        #expect(
            catalog.document.hub?.map(\.name)
                == ["connected", "subscribed", "replay.end", "gap", "heartbeat", "server_close"]
        )
        #expect(try Set(catalog.index(of: "job").map(catalog.names) ?? []) == [.jobs, Channel("job")])
        #expect(catalog.index(of: "job") == catalog.index(of: "jobs"))
        #expect(catalog.index(of: "all") == nil)
        #expect(catalog.index(of: "Chat") == nil)
    }

    @Test(arguments: [#""a": "x", "a.b": "y""#, #""": "x""#, #""a.": "x""#, #""a..b": "x""#])
    func `identity paths that cannot all be written are refused`(_ identity: String) {
        let json = """
            {"version": 1, "channels": [{"name": "chat", "durable": true, "events": [
                {"name": "e", "identity": {\(identity)}}]}]}
            """
        #expect(throws: Catalog.Invalid.self) { try Catalog(json: Data(json.utf8)) }
    }

    @Test func `every event has a schema, every schema an event`() throws {
        let schemas = try Self.entries().compactMap(\.entry.schema)
        #expect(Set(schemas) == Set(try Contract.names(in: "schemas").map { "schemas/\($0).json" }))
        for (_, entry) in try Self.entries() where !Self.isFamily(entry.name) {
            #expect(entry.schema != nil, "\(entry.name)")
        }
    }

    @Test func `every name of an event has a golden, every golden an event with a schema`() throws {
        let goldens = Set(try Contract.names(in: "examples").map(GoldenTests.event))
        var names: Set<String> = []
        var families: [String] = []
        for (_, entry) in try Self.entries() {
            if Self.isFamily(entry.name) {
                if entry.schema != nil { families.append(String(entry.name.dropLast())) }
            } else {
                names.formUnion([entry.name] + (entry.aliases ?? []) + (entry.replay.map { [$0] } ?? []))
            }
        }
        #expect(names.subtracting(goldens) == [])
        for golden in goldens.subtracting(names) {
            #expect(families.contains { golden.hasPrefix($0) }, "\(golden)")
        }
        for family in families {
            #expect(goldens.subtracting(names).contains { $0.hasPrefix(family) }, "\(family)")
        }
    }

    @Test func `every event with a schema has a Swift type that says the same of it`() throws {
        for (channel, entry) in try Self.entries() where entry.schema != nil {
            let type = try #require(EventTypes.all.first { $0.eventName == entry.name }, "\(entry.name)")
            #expect(type.aliases == entry.aliases ?? [], "\(entry.name)")
            #expect(type.replayName == entry.replay, "\(entry.name)")
            let isPublished = channel != nil && !Self.isFamily(entry.name)
            let itsChannel = (type as? any PublishableEvent.Type)?.channel.name
            #expect(itsChannel == (isPublished ? channel : nil), "\(entry.name)")
        }
        #expect(Set(EventTypes.all.map { $0.eventName }).count == EventTypes.all.count)
        #expect(Set(EventTypes.all.map { $0.eventName }).isSubset(of: try Self.entries().map(\.entry.name)))
    }

    @Test func `durable is what the contract says`() throws {
        let catalog = try Contract.catalog.get()
        func isDurable(_ event: String, _ channel: String) throws -> Bool {
            catalog.isDurable(try EventName(event), in: try #require(catalog.index(of: channel)))
        }
        for (event, channel) in [
            ("message.new", "chat"), ("message.replay", "chat"), ("message.edited", "chat"), ("reaction.added", "chat"),
            ("job.started", "jobs"), ("job_started", "job"), ("job.completed", "jobs"), ("job_completed", "jobs"),
            ("job.failed", "jobs"), ("job.retried", "jobs"), ("message.new", "presence"), ("job.started", "chat"),
        ] { #expect(try isDurable(event, channel), "\(event)") }
        for (event, channel) in [
            ("typing.start", "chat"), ("typing.stop", "chat"), ("typing.paused", "chat"), ("build.status", "chat"),
            ("plan.created", "chat"), ("plan.x.y", "chat"), ("plan.x", "jobs"), ("job.progress", "jobs"),
            ("presence.changed", "presence"), ("presence.x", "presence"), ("x", "advisor"), ("x", "github-sync"),
            ("github-sync", "github-sync"), ("x", "pending-changes"), ("manifest_changed", "pending-changes"),
        ] { #expect(try !isDurable(event, channel), "\(event)") }
    }

    @Test func `an event is found by each of its names, a family behind them`() throws {
        let catalog = try Contract.catalog.get()
        func entry(_ event: String, _ channel: Int) throws -> String? {
            catalog.entry(for: try EventName(event), in: channel)?.name
        }
        let (chat, jobs) = (try #require(catalog.index(of: "chat")), try #require(catalog.index(of: "jobs")))
        #expect(try entry("message.new", chat) == "message.new")
        #expect(try entry("message.replay", chat) == "message.new")
        #expect(try entry("message.edited", chat) == "message.*")
        #expect(try entry("plan.created", chat) == "plan.created")
        #expect(try entry("plan.archived", chat) == "plan.*")
        #expect(try entry("job_started", jobs) == "job.started")
        #expect(try entry("job_started", chat) == "job.started")
        #expect(try entry("unheard.of", chat) == nil)
        #expect(try entry("plan", chat) == nil)
    }

    @Test func `a channel's event names are all that its listed events arrive under`() throws {
        let catalog = try Contract.catalog.get()
        let names = catalog.eventNames(of: try #require(catalog.index(of: "jobs")))
        #expect(
            names == ["job.started", "job_started", "job.progress", "job.completed", "job_completed", "job.failed"]
        )
        let chat = catalog.eventNames(of: try #require(catalog.index(of: "chat")))
        #expect(chat.prefix(3) == ["message.new", "message.replay", "typing.start"])
        #expect(!chat.contains { $0.contains("*") })
    }

    @Test func `what the hub reserves is its own events and a browser's`() throws {
        let own = try Contract.catalog.get().document.hub?.map(\.name) ?? []
        #expect(EventName.reserved == Set(own).union(["error", "open", "message"]))
    }

    @Test func `the longest family wins`() throws {
        let catalog = try catalog(
            #"[{"name":"a","durable":true,"events":[{"name":"x.*","durable":true},{"name":"x.y.*","durable":false}]}]"#
        )
        #expect(try !catalog.isDurable(EventName("x.y.z"), in: 0))
        #expect(try catalog.isDurable(EventName("x.z"), in: 0))
    }

    @Test func `an event listed under another's replay name counts by itself`() throws {
        let catalog = try catalog(
            #"""
            [{"name":"a","durable":false,"events":[{"name":"x","durable":true,"replay":"x.old"},{"name":"x.old"}]}]
            """#
        )
        #expect(try catalog.entry(for: EventName("x.old"), in: 0)?.name == "x.old")
    }

    @Test(arguments: [
        "[]",
        #"[{"name":"Chat","durable":true,"events":[]}]"#,
        #"[{"name":"all","durable":true,"events":[]}]"#,
        #"[{"name":"a","durable":true,"events":[]},{"name":"a","durable":true,"events":[]}]"#,
        #"[{"name":"a","durable":true,"events":[]},{"name":"b","aliases":["a"],"durable":true,"events":[]}]"#,
        #"[{"name":"a","durable":true,"events":[{"name":"x"},{"name":"x"}]}]"#,
        #"[{"name":"a","durable":true,"events":[{"name":"x"},{"name":"y","aliases":["x"]}]}]"#,
        #"[{"name":"a","durable":true,"events":[{"name":"gap"}]}]"#,
        #"[{"name":"a","durable":true,"events":[{"name":"x","aliases":["connected"]}]}]"#,
        #"[{"name":"a","durable":true,"events":[{"name":"x\ny"}]}]"#,
        #"[{"name":"a","durable":true,"events":[{"name":"x","replay":"gap"}]}]"#,
        #"[{"name":"a","durable":true,"events":[{"name":"x","replay":"y\nz"}]}]"#,
        #"[{"name":"a","durable":true,"events":[{"name":"x.*","replay":"y"}]}]"#,
        #"[{"name":"a","events":[]}]"#,
        #"[{"name":"a","durable":true}]"#,
    ]) func `a catalog that makes no sense is refused`(_ channels: String) {
        #expect(throws: (any Error).self) { try catalog(channels) }
    }

    @Test func `a catalog has at most 64 channels and version 1`() throws {
        func channels(_ count: Int) -> String {
            "[" + (0..<count).map { #"{"name":"c\#($0)","durable":true,"events":[]}"# }.joined(separator: ",") + "]"
        }
        #expect(try catalog(channels(64)).channels.count == 64)
        #expect(throws: Catalog.Invalid.self) { try catalog(channels(65)) }
        #expect(throws: Catalog.Invalid.self) {
            try Catalog(json: Data(#"{"version":2,"channels":\#(channels(1))}"#.utf8))
        }
    }

    @discardableResult
    private func catalog(_ channels: String) throws -> Catalog {
        try Catalog(json: Data(#"{"version":1,"channels":\#(channels)}"#.utf8))
    }
}
