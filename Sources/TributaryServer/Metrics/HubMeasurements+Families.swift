import NIOCore
import TributaryCore
import TributaryProtocol

/// What a hub measures, in the words of `/metrics`. Every label is one of a set that is known beforehand, and each of them is there from the
/// start, so that a rate knows of the first event.
extension HubMeasurements {
    var families: [MetricFamily] {
        node + streamFamilies + eventFamilies + latencies + relay + registry + memory + loops
    }

    private var node: [MetricFamily] {
        [
            MetricFamily(
                name: "tributary_build", kind: .info, help: "The hub's version, and the node's name.",
                series: [
                    .init(
                        labels: [
                            MetricLabel(name: "node", value: statistics.node),
                            MetricLabel(name: "version", value: statistics.version),
                        ], value: .integer(1))
                ]),
            .gauge("tributary_uptime_seconds", "Since the hub was started.", seconds: statistics.uptimeSeconds),
            .gauge("tributary_draining", "1 while the node sends its streams away.", drainRemaining != nil),
            .gauge(
                "tributary_drain_remaining_seconds", "How long the drain is still to take; 0 while there is none.",
                seconds: Double(drainRemaining?.nanoseconds ?? 0) / 1e9),
            .gauge(
                "tributary_drain_remaining_streams", "Streams that the drain has yet to end; 0 while there is none.",
                drainRemaining == nil ? 0 : statistics.streams.open),
        ]
    }

    private var streamFamilies: [MetricFamily] {
        let streams = statistics.streams
        return [
            .gauge("tributary_streams_open", "Streams that are open.", streams.open),
            .counter("tributary_streams_opened", "Streams that were opened.", streams.openedTotal),
            .counter(
                "tributary_streams_closed", "Streams that ended, by why.", by: "reason",
                StreamCloseReason.allCases.map { ($0.rawValue, streams.closedTotal[$0.rawValue] ?? 0) }),
            .gauge("tributary_streams_slow", "Streams that have not been given everything yet.", streams.slow),
            .counter(
                "tributary_stream_slowdowns", "How often a stream's socket did not take everything at once.",
                slowdowns),
            .gauge(
                "tributary_channel_streams", "Streams that listen to a channel.", by: "channel",
                channels { Double($0.streams) }),
            .gauge("tributary_projects", "Projects that the node listens to.", projects),
            .counter(
                "tributary_replays", "Replays for streams that resumed, by how they ended.", by: "outcome",
                ReplayOutcome.allCases.map { ($0.rawValue, replays($0)) }),
            .histogram("tributary_replay_events", "Events in a replay.", replaySizes),
            .counter(
                "tributary_gaps",
                "Streams that were told that they lost something, by why; one stream may be told often.",
                by: "reason", GapReason.allCases.map { ($0.rawValue, gaps($0)) }),
        ]
    }

    private var eventFamilies: [MetricFamily] {
        let rejected = statistics.relay.rejectedTotal
        let refusals = Set(rejected.keys).union(Self.refusals).subtracting(Self.ignoredIDs).sorted()
        return [
            .counter(
                "tributary_events_received", "Messages that the relay brought, those included that were refused.",
                statistics.relay.receivedTotal),
            .counter("tributary_received_bytes", "Bytes of the messages that the relay brought.", receivedBytes),
            .counter(
                "tributary_events_published", "Events that came in order for a channel, once for each event.",
                by: "channel", channels(\.publishedTotal)),
            .counter(
                "tributary_events_delivered",
                "Events of a channel that sockets took, replays included, once for each event and stream.",
                by: "channel", channels(\.deliveredTotal)),
            .counter(
                "tributary_delivered_bytes", "Bytes of the events of a channel that sockets took.", by: "channel",
                channels(\.deliveredBytesTotal)),
            .counter(
                "tributary_events_dropped",
                "Events that did not reach whom they were for: refused, once for each; lost on the way, for each event or stream.",
                by: "reason",
                refusals.map { ($0, rejected[$0] ?? 0) } + DropReason.allCases.map { ($0.rawValue, dropped($0)) }),
            .counter(
                "tributary_ids_ignored", "Events that were passed on without the id that they came with, by why.",
                by: "reason", Self.ignoredIDs.map { ($0, rejected[$0] ?? 0) }),
        ]
    }

    private var latencies: [MetricFamily] {
        [
            .histogram(
                "tributary_publish_to_write_seconds",
                "From the publisher's ts to the moment when the socket took the event; once for each stream that keeps up.",
                latency),
            .counter(
                "tributary_unusable_timestamps",
                "Deliveries whose ts is more than an hour off, so that no latency is known.",
                unusableTimestamps),
            .histogram(
                "tributary_commit_to_publish_seconds",
                "From committed_at to ts of an event: from the publisher's database to its publication.", commitDelay),
        ]
    }

    private var relay: [MetricFamily] {
        let relay = statistics.relay
        return [
            .gauge(
                "tributary_relay_up", "1 while the relay is connected and every subscription confirmed.",
                relay.connected),
            .gauge("tributary_relay_subscriptions", "Topics that the relay is subscribed to.", relay.subscriptions),
            .counter("tributary_relay_reconnects", "Connections of the relay after the first.", relay.reconnectsTotal),
            .gauge(
                "tributary_relay_probe_age_seconds",
                "Since the relay's last probe came back; 0 for a relay inside the process, which needs none.",
                seconds: Double(probeAge.nanoseconds) / 1e9),
        ]
    }

    private var registry: [MetricFamily] {
        let registry = statistics.registry
        let asked = RegistryOperation.allCases.map { ($0.rawValue, operations[$0] ?? RegistryOperationFigures()) }
        return [
            .gauge("tributary_registry_up", "1 while the nodes can know of each other's streams.", registry.available),
            .histogram(
                "tributary_registry_operation_seconds",
                "How long the registry of streams, users and nodes took to answer, by what it was asked.",
                by: "operation", asked.map { ($0, $1.durations) }),
            .counter(
                "tributary_registry_failures", "Questions to the registry that failed.", by: "operation",
                asked.map { ($0, $1.failed) }),
            .counter(
                "tributary_streams_displaced",
                "Streams on any node that lost their place to one that this node let in: evicted over the user's limit, or replaced.",
                by: "reason", ["evicted", "replaced"].map { ($0, registry.displacedTotal[$0] ?? 0) }),
            .counter(
                "tributary_streams_refused", "Streams that were not let in, by which limit.", by: "reason",
                AdmissionRefusal.codes.map { ($0, registry.refusedTotal[$0] ?? 0) }),
            .counter(
                "tributary_streams_unregistered", "Streams that were let in while the registry could not be asked.",
                registry.unregisteredTotal),
        ]
    }

    private var memory: [MetricFamily] {
        [.gauge("tributary_tail_bytes", "What is kept in memory for slow streams.", statistics.memory.tailBytes)]
    }

    private var loops: [MetricFamily] {
        [
            .histogram(
                "tributary_event_loop_lag_seconds",
                "How late the event loops come to what is due; looked at every 250 ms.",
                lag),
            .gauge(
                "tributary_event_loop_longest_lag_seconds", "The longest lag of an event loop in the last half minute.",
                by: "loop", longestLags.enumerated().map { ("\($0)", Double($1) / 1e6) }),
        ]
    }

    /// What is counted among refusals, though the event was passed on without its id.
    private static let ignoredIDs = ["ignored_id", "not_logged", "timeline_owner_mismatch"]

    /// What `/stats` counts as rejected from the start; more reasons show when they come.
    private static let refusals =
        Envelope.Rejection.allCases.map(\.rawValue) + [
            "malformed_json", "node_message", "too_many_events", "unknown_channel",
        ]

    /// In the order of their names.
    private func channels<Value>(_ value: (HubStatistics.Channel) -> Value) -> [(String, Value)] {
        statistics.channels.sorted { $0.key < $1.key }.map { ($0.key, value($0.value)) }
    }
}
