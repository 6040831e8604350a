import CoreMetrics
import NIOCore
import Testing
import TributaryCore
import TributaryTesting

@testable import TributaryServer

@Suite struct MetricsTests {
    // MARK: The format

    @Test(arguments: [
        nil, "", "*/*", "text/plain", "text/html", "application/json", "application/openmetrics-text;q=0",
        "text/plain, application/openmetrics-text;q=0.9", "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;version=0.0.1", ";;,=", "application/openmetrics-text;q=x",
    ])
    func `everybody gets Prometheus' own text`(_ accept: String?) {
        #expect(MetricsFormat(accepting: accept) == .prometheus)
    }

    @Test(arguments: [
        "application/openmetrics-text", "application/openmetrics-text; version=1.0.0",
        "Application/OpenMetrics-Text;Version=\"1.0.0\";charset=utf-8",
        "text/plain;q=0.3,application/openmetrics-text;q=0.3",
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
            + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "application/openmetrics-text, */*",
    ])
    func `whoever asks for OpenMetrics gets it`(_ accept: String) {
        #expect(MetricsFormat(accepting: accept) == .openMetrics)
    }

    private func text(_ families: [MetricFamily], _ format: MetricsFormat = .prometheus) -> String {
        String(buffer: MetricsWriter.write(families, as: format))
    }

    @Test func `a counter is called by its whole name, and OpenMetrics by its family's`() {
        let family = MetricFamily.counter(
            "t_things", "How many.", by: "kind", [("a", 1), ("b", 18_446_744_073_709_551_615)])
        let series = "t_things_total{kind=\"a\"} 1\nt_things_total{kind=\"b\"} 18446744073709551615\n"
        #expect(text([family]) == "# HELP t_things_total How many.\n# TYPE t_things_total counter\n" + series)
        #expect(
            text([family], .openMetrics) == "# HELP t_things How many.\n# TYPE t_things counter\n" + series + "# EOF\n")
    }

    @Test func `a histogram adds up from bucket to bucket`() {
        var histogram = Histogram(bounds: [1_000, 2_500_000], scale: 1_000_000)
        for value: UInt64 in [1_000, 2_000, 9_000_000] { histogram.record(value) }
        let written = text([.histogram("t_seconds", "How long.", by: "k", [("a", histogram)])])
        #expect(
            written.split(separator: "\n").dropFirst(2) == [
                #"t_seconds_bucket{k="a",le="0.001"} 1"#, #"t_seconds_bucket{k="a",le="2.5"} 2"#,
                #"t_seconds_bucket{k="a",le="+Inf"} 3"#, #"t_seconds_sum{k="a"} 9.003"#, #"t_seconds_count{k="a"} 3"#,
            ])
    }

    @Test func `a bound keeps its fraction, a value that is whole has none`() {
        let written = text([
            .histogram("t", "", Histogram(bounds: [5])), .gauge("g", "", 3), .gauge("h", "", seconds: 0.25),
        ])
        #expect(written.contains(#"le="5.0""#) && written.contains("g 3\n") && written.contains("h 0.25\n"))
        #expect(text([.gauge("g", "", seconds: .infinity)]).hasSuffix("g +Inf\n"))
    }

    @Test func `what has another meaning in the text is escaped`() {
        let family = MetricFamily.counter("t", "a \\ \"b\"\nc", by: "x", [("\"\\\n", 1)])
        #expect(text([family]).hasPrefix("# HELP t_total a \\\\ \"b\"\\nc\n"))
        #expect(text([family], .openMetrics).hasPrefix("# HELP t a \\\\ \\\"b\\\"\\nc\n"))
        #expect(text([family]).contains(#"t_total{x="\"\\\n"} 1"#))
    }

    @Test func `what says something of the process is an info, and for Prometheus a gauge`() {
        let family = MetricFamily(
            name: "t_build", kind: .info, help: "h",
            series: [.init(labels: [.init(name: "v", value: "1")], value: .integer(1))])
        #expect(text([family]) == "# HELP t_build_info h\n# TYPE t_build_info gauge\nt_build_info{v=\"1\"} 1\n")
        #expect(
            text([family], .openMetrics) == "# HELP t_build h\n# TYPE t_build info\nt_build_info{v=\"1\"} 1\n# EOF\n")
    }

    @Test func `a family without series is left out`() {
        #expect(text([.counter("t", "", by: "x", [])]) == "")
    }

    // MARK: What libraries report

    private func family(_ name: String, in registry: MetricsRegistry) throws -> MetricFamily {
        try #require(registry.snapshot.first { $0.name == name })
    }

    @Test func `what is reported is there under a name that Prometheus likes`() throws {
        let registry = MetricsRegistry()
        let counter = Counter(
            label: "http.Server-requests.total", dimensions: [("http.route", "/x")], factory: registry)
        counter.increment(by: 3)
        counter.increment(by: -9)
        Meter(label: "pool.size", factory: registry).set(2.5)
        Timer(label: "call", factory: registry).recordMilliseconds(3)
        Recorder(label: "batch", factory: registry).record(17)
        Gauge(label: "depth", factory: registry).record(4)
        FloatingPointCounter(label: "cost", factory: registry).increment(by: 1.5)
        #expect(
            registry.snapshot.map { "\($0.name) \($0.kind)" } == [
                "batch histogram", "call_seconds histogram", "cost counter", "depth gauge",
                "http_server_requests counter", "pool_size gauge",
            ])
        let requests = try family("http_server_requests", in: registry)
        #expect(requests.series == [.init(labels: [.init(name: "http_route", value: "/x")], value: .number(3))])
        #expect(registry.snapshot.allSatisfy { !$0.help.isEmpty })
    }

    @Test func `the same labels in any order are one series`() throws {
        let registry = MetricsRegistry()
        Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(try family("c", in: registry).series.map(\.value) == [.number(2)])
    }

    @Test func `label sets are bounded, and what is beyond counts as other`() throws {
        let registry = MetricsRegistry()
        for number in 0..<5_000 {
            Counter(label: "flood", dimensions: [("path", "/\(number)"), ("method", "GET")], factory: registry)
                .increment()
        }
        let series = try family("flood", in: registry).series
        #expect(series.count == MetricsRegistry.seriesLimit + 1)
        let other = [MetricLabel(name: "method", value: "other"), MetricLabel(name: "path", value: "other")]
        #expect(series.first { $0.labels == other }?.value == .number(4_900))
        // A set that is known goes on.
        Counter(label: "flood", dimensions: [("path", "/7"), ("method", "GET")], factory: registry).increment()
        let seven = try family("flood", in: registry).series.first { $0.labels.contains { $0.value == "/7" } }
        #expect(seven?.value == .number(2))
        for number in 0..<5_000 {
            Counter(label: "flood", dimensions: [("l\(number)", "")], factory: registry).increment()
        }
        #expect(try family("flood", in: registry).series.count <= MetricsRegistry.seriesLimit * 2)
    }

    @Test func `names are bounded, and long values are other`() {
        let registry = MetricsRegistry()
        for number in 0..<1_000 { Counter(label: "n\(number)", factory: registry).increment() }
        #expect(registry.snapshot.count == MetricsRegistry.familyLimit)
        let labels = MetricsGlossary.labels(of: [("a", String(repeating: "x", count: 129)), ("b", "ok")])
        #expect(labels.map(\.value) == ["other", "ok"])
    }

    @Test func `nobody is named`() {
        let dimensions = [("user_id", "ada"), ("User.ID", "ada"), ("project", "p1"), ("le", "1"), ("route", "/x")]
        #expect(MetricsGlossary.labels(of: dimensions).map(\.name) == ["route"])
    }

    @Test func `a name has one kind: what comes as another is not kept`() throws {
        let registry = MetricsRegistry()
        Counter(label: "c", factory: registry).increment()
        Meter(label: "c", factory: registry).set(9)
        #expect(try family("c", in: registry).series.map(\.value) == [.number(1)])
    }

    @Test func `what is destroyed is gone`() throws {
        let registry = MetricsRegistry()
        let counter = Counter(label: "c", dimensions: [("a", "1")], factory: registry)
        Counter(label: "c", dimensions: [("a", "2")], factory: registry).increment()
        counter.destroy()
        #expect(try family("c", in: registry).series.count == 1)
    }

    // MARK: Over HTTP

    @Test func `the figures are those of stats, in either format`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("user_id=quokka&project_id=wombat&channels=chat")
            _ = try await server.publish(#"{"channel":"chat","project_id":"wombat","event":"message.new","data":1}"#)
            try await stream.events(count: 2)
            try await server.figures { $0.channels["chat"]?.deliveredTotal == 1 }
            let answer = try await server.get("/metrics")
            #expect(answer.field("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.field("Cache-Control") == "no-store")
            for line in [
                "tributary_streams_open 1", "tributary_streams_opened_total 1",
                #"tributary_events_published_total{channel="chat"} 1"#,
                #"tributary_events_delivered_total{channel="chat"} 1"#,
                #"tributary_channel_streams{channel="chat"} 1"#, "tributary_relay_up 1",
                "tributary_publish_to_write_seconds_count 1",
            ] {
                #expect(answer.body.contains(line + "\n"), "\(line)")
            }
            #expect(!answer.body.contains("quokka") && !answer.body.contains("wombat"))
            let open = try Answer(
                await server.exchange(
                    "GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept: application/openmetrics-text\r\n\r\n"
                ))
            #expect(open.field("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(open.body.hasSuffix("\n# EOF\n"))
            await stream.close()
        }
    }

    @Test func `requests count by route, whatever somebody makes up`() async throws {
        try await TestServer.run { server in
            for number in 0..<30 { _ = try await server.get("/nothing/\(number)") }
            _ = try await server.get("/healthz")
            let body = try await server.get("/metrics").body
            #expect(
                body.contains(#"tributary_http_requests_total{method="GET",route="NotFound",status="404"} 30"# + "\n"))
            #expect(
                body.contains(#"tributary_http_requests_total{method="GET",route="/healthz",status="200"} 1"# + "\n"))
            #expect(!body.contains("nothing"))
        }
    }
}
