import Testing
import TributaryProtocol

@testable import TributaryRedis

@Suite struct FunctionLibraryTests {
    private func line(_ revision: Int?, prefix: String? = nil, channels: String = #""durable": true"#) throws
        -> CatalogLine
    {
        CatalogLine(try .test(revision: revision, ["chat": channels]), prefix: prefix)
    }

    @Test(arguments: [nil, "staging", "a\"b]={revision=9,\n\\ é"])
    func `a catalog's line is one line, and reads back as it was written`(_ prefix: String?) throws {
        let line = CatalogLine(try Catalog.bundled(), prefix: prefix)
        #expect(!line.text.contains("\n"))
        #expect(CatalogLine(line.text)?.revision == line.revision)
        #expect(CatalogLine(line.text)?.hash == line.hash)
        if prefix?.contains("revision") != true { #expect(CatalogLine(line.text) == line) }
        #expect(CatalogLine("local x = 1") == nil)
    }

    @Test func `a library reads back as it was written`() throws {
        var library = FunctionLibrary(try line(3))
        let staging = try line(4, prefix: "staging")
        library.catalogs[staging.key] = staging
        #expect(FunctionLibrary(library.text) == library)
        #expect(FunctionLibrary("#!lua name=tributary\nredis.register_function('x', f)") == nil)
    }

    @Test func `catalogs that differ in what is durable or kept have different hashes`() throws {
        let lines = try [
            line(1), line(1, channels: #""durable": false"#),
            line(1, channels: #""durable": true, "retention": {"count": 5}"#),
            line(1, channels: #""durable": true, "events": [{"name": "x", "durable": false}]"#),
        ]
        #expect(Set(lines.map(\.hash)).count == lines.count)
        #expect(try line(2).hash == lines[0].hash)
    }

    @Test func `what is missing is loaded, and what is right is left`() throws {
        let own = try line(1)
        #expect(LibraryDecision(found: nil, own: own, isFirst: false).load == FunctionLibrary(own).text)
        #expect(LibraryDecision(found: FunctionLibrary(own), own: own, isFirst: true).load == nil)
    }

    @Test func `other prefixes' catalogs stay`() throws {
        let (own, other) = (try line(1), try line(7, prefix: "staging"))
        let decision = LibraryDecision(found: FunctionLibrary(other), own: own, isFirst: false)
        let loaded = try #require(decision.load.flatMap { FunctionLibrary($0) })
        #expect(loaded.catalogs == [own.key: own, other.key: other])
        #expect(decision.warnings.isEmpty)
    }

    @Test(arguments: [true, false])
    func `the higher revision wins, whoever comes first`(_ isFirst: Bool) throws {
        let (old, new) = (try line(1), try line(2, channels: #""durable": false"#))
        let newer = LibraryDecision(found: FunctionLibrary(old), own: new, isFirst: isFirst)
        #expect(newer.load == FunctionLibrary(new).text)
        #expect(newer.warnings.isEmpty)
        let older = LibraryDecision(found: FunctionLibrary(new), own: old, isFirst: isFirst)
        #expect(older.load == nil)
        #expect(older.warnings.count == 1)
        #expect([newer, older].map(\.hasOtherCatalog) == [false, true])
    }

    @Test func `of two catalogs of one revision that of the later start wins, and the other says so`() throws {
        let (first, second) = (try line(1), try line(1, channels: #""durable": false"#))
        #expect(
            LibraryDecision(found: FunctionLibrary(first), own: second, isFirst: true).load
                == FunctionLibrary(second).text)
        let later = LibraryDecision(found: FunctionLibrary(second), own: first, isFirst: false)
        #expect(later.load == nil)
        #expect(later.warnings.count == 1)
        #expect(later.hasOtherCatalog)
    }

    @Test func `newer code stays, with this hub's catalog beside the others`() throws {
        var newer = FunctionLibrary(try line(1, prefix: "staging"))
        newer.code += 1
        newer.body = "-- something else"
        let own = try line(1)
        let decision = LibraryDecision(found: newer, own: own, isFirst: true)
        let loaded = try #require(decision.load.flatMap { FunctionLibrary($0) })
        #expect(loaded.code == newer.code)
        #expect(loaded.body == newer.body)
        #expect(loaded.catalogs.count == 2)
        #expect(decision.warnings.count == 1)
        var older = newer
        older.code -= 2
        let replaced = try #require(
            LibraryDecision(found: older, own: own, isFirst: false).load.flatMap { FunctionLibrary($0) })
        #expect(replaced.body == FunctionLibrary(own).body)
        #expect(replaced.catalogs.count == 2)
    }
}
