"""What is measured: scenarios of `tributary bench`, and which of their figures a table shows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """A scenario of the bench with its parameters, under a name of its own."""

    name: str
    bench: str
    arguments: tuple = ()
    # What it needs of a server: events, events with ids, or streams alone.
    needs: str | None = "publish"


SCENARIOS = [
    Scenario("fanout", "fanout", ("--streams", "1000", "--in-flight", "16", "--seconds", "3")),
    Scenario("fanout-10000", "fanout", ("--streams", "10000", "--in-flight", "16", "--seconds", "3")),
    Scenario("latency", "latency", ("--streams", "1000", "--rate", "50", "--seconds", "4")),
    Scenario("channels", "channels", ("--streams", "5000", "--seconds", "3")),
    Scenario("mixed", "mixed", ("--streams", "1000", "--rate", "200", "--seconds", "5")),
    Scenario("ramp", "ramp", ("--streams", "10000"), needs=None),
    Scenario("idle", "idle", ("--streams", "10000", "--seconds", "1"), needs=None),
    Scenario("idle-19000", "idle", ("--streams", "19000", "--seconds", "1"), needs=None),
    Scenario("reconnect", "reconnect", ("--streams", "10000", "--missed", "50", "--seconds", "2"), needs="durable"),
    Scenario("replay", "replay", ("--streams", "1000", "--missed", "200"), needs="durable"),
]


@dataclass(frozen=True)
class Column:
    """A figure of a scenario in a table."""

    title: str
    scenario: str
    # Where it stands in the bench's result.
    path: tuple
    scale: float = 1
    digits: int = 0


def figure(result, path):
    """A figure of a result; `None` if it has none there."""
    for name in path:
        result = (result or {}).get(name)
    return result


TABLES = [
    (
        "Deliveries",
        [
            Column("fanout to 1,000, k/s", "fanout", ("deliveries_per_second",), 1e-3),
            Column("CPU, µs each", "fanout", ("cpu_seconds_per_million",), 1, 2),
            Column("to 10,000, k/s", "fanout-10000", ("deliveries_per_second",), 1e-3),
            Column("50 k/s: p50, ms", "latency", ("latency_ns", "p50"), 1e-6, 1),
            Column("p99, ms", "latency", ("latency_ns", "p99"), 1e-6, 1),
            Column("CPU, µs each", "latency", ("cpu_seconds_per_million",), 1, 1),
            Column("5,000 channels, k/s", "channels", ("deliveries_per_second",), 1e-3),
            Column("CPU, µs each", "channels", ("cpu_seconds_per_million",), 1, 1),
        ],
    ),
    (
        "Streams",
        [
            Column("opened a second", "ramp", ("accepts_per_second",)),
            Column("RSS at 10,000, kB each", "idle", ("rss_per_stream_bytes",), 1e-3, 1),
            Column("at 19,000, kB each", "idle-19000", ("rss_per_stream_bytes",), 1e-3, 1),
            Column("10,000 back with 50 missed, s", "reconnect", ("caught_up_seconds",), 1, 1),
            Column("p99 of others meanwhile, ms", "reconnect", ("latency_ns", "p99"), 1e-6, 1),
            Column("over that before", "reconnect", ("p99_ratio",), 1, 1),
        ],
    ),
    (
        "An application",
        [
            Column("five channels, 10 k/s: p50, ms", "mixed", ("latency_ns", "p50"), 1e-6, 1),
            Column("p99, ms", "mixed", ("latency_ns", "p99"), 1e-6, 1),
            Column("CPU, µs each", "mixed", ("cpu_seconds_per_million",), 1, 1),
            Column("1,000 replays of 200, k/s", "replay", ("deliveries_per_second",), 1e-3),
            Column("CPU, µs each", "replay", ("cpu_seconds_per_million",), 1, 2),
        ],
    ),
]
