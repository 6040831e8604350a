"""`tributary bench`: each scenario, small, against a real hub, and against a server that lies."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from harness.hub import tributary
from harness.processes import Process, survivors
from harness.waiting import until

TESTS = Path(__file__).parent


@pytest.fixture
def bench(stopping):
    """Runs a bench, and returns what it says with --json."""

    def bench(scenario, *arguments, code=0, seconds=60):
        process = stopping(tributary("bench", scenario, "--json", *arguments))
        assert process.wait(seconds) == code, process.said
        return json.loads("\n".join(process.output)) if code == 0 else process.said

    return bench


SMALL = ("--streams", 40, "--seconds", 0.3, "--warmup", 0.1, "--no-ceiling")


def is_clean(result, streams=40):
    assert (result["streams_opened"], result["streams_failed"], result["streams_ended"]) == (streams, 0, 0), result
    assert (result["lost"], result["repeated"], result["disordered"]) == (0, 0, 0), result


@pytest.mark.parametrize("relay", ["memory", "redis"])
def test_fanout_against_a_hub_of_its_own(bench, relay):
    result = bench("fanout", *SMALL, "--relay", relay, "--runs", 2)
    is_clean(result)
    assert result["scenario"] == "fanout" and result["parameters"]["relay"] == relay and len(result["runs"]) == 2
    assert result["deliveries"] >= 40 * 16 and result["deliveries_per_second"] > 0
    latency = result["latency_ns"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p99_9"] <= latency["max"]
    assert result["rss_before_bytes"] > 1e6 and result["rss_peak_bytes"] >= result["rss_idle_bytes"]
    assert result["server_cpu_seconds"] >= 0 and result["accepts_per_second"] > 0 and result["events_per_read"] > 0
    assert result["machine"]["cores"] == os.cpu_count() and result["command"].startswith("tributary bench fanout")


def test_latency_publishes_at_its_rate(bench):
    result = bench("latency", "--streams", 20, "--seconds", 1, "--warmup", 0.2, "--rate", 40, "--relay", "memory")
    is_clean(result, 20)
    assert 38 <= result["published"] <= 42
    assert result["latency_ns"]["count"] <= result["published"] * 20


def test_channels_have_a_project_for_each_stream(bench):
    result = bench("channels", *SMALL, "--in-flight", 16)
    is_clean(result)
    assert result["parameters"]["projects"] == 40
    # One delivery for each message, whatever was still on its way at both ends.
    assert abs(result["deliveries"] - result["published"]) <= 16


def test_mixed_has_slow_readers_that_are_not_counted(bench):
    is_clean(bench("mixed", "--streams", 101, "--seconds", 0.5, "--warmup", 0.1), 101)


def test_idle_tells_what_a_stream_costs(bench):
    result = bench("idle", "--streams", 300, "--seconds", 0.2)
    is_clean(result, 300)
    assert 0 < result["rss_per_stream_bytes"] < 50_000


def test_ramp_tells_how_fast_streams_open(bench):
    result = bench("ramp", "--streams", 300)
    assert result["streams_opened"] == 300 and result["accepts_per_second"] > 0


@pytest.mark.parametrize("relay", ["memory", "redis"])
def test_reconnecting_streams_get_what_they_missed(bench, relay):
    result = bench("reconnect", "--streams", 60, "--missed", 7, "--seconds", 0.4, "--warmup", 0.1, "--relay", relay)
    is_clean(result, 160)
    assert result["caught_up_seconds"] > 0 and result["latency_before_ns"]["p99"] > 0


def test_a_replay_is_whole(bench):
    result = bench("replay", "--streams", 30, "--missed", 250)
    is_clean(result, 31)
    assert result["deliveries"] == 30 * 250


def test_the_ceiling_is_the_generators_own(bench):
    ceiling = bench("ceiling", "--streams", 50, "--seconds", 0.3)["ceiling"]
    assert ceiling["deliveries_per_second"] > 0 and ceiling["streams"] == 50


def test_a_million_in_small(bench):
    for relay in ("memory", "redis"):
        result = bench("million", "--streams", 150, "--seconds", 0.2, "--relay", relay)
        is_clean(result, 150)
        assert result["deliveries"] == 150 and result["hubs"] == 1


def test_a_hub_that_is_there(bench, start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    result = bench(
        "fanout", *SMALL, "--url", hub.url + "/stream?channels=chat&project_id={project}&user_id={user}",
        "--publish", "redis", "--redis", redis.url, "--redis-channel", "chat:{project}", "--server-pid", hub.pid,
        "--from", "127.0.0.1-127.0.0.3",
    )  # fmt: skip
    is_clean(result)
    assert result["rss_idle_bytes"] > 1e6 and redis.url not in result["command"]


@pytest.fixture
def lying(stopping, tmp_path):
    """Arguments for a bench of a server that lies."""

    def start(lie, chunked=False):
        file = tmp_path / "port"
        stopping(
            Process(
                [sys.executable, "-m", "harness.lying_server", file, lie, "chunked" if chunked else "plain"],
                name="lying server",
                cwd=TESTS,
            )
        )
        until(lambda: file.exists() and file.read_text().endswith("\n"), 15, what="the server listens")
        url = f"http://127.0.0.1:{file.read_text().strip()}"
        return ("--url", url + "/stream?n={n}", "--publish", "http", "--publish-url", url + "/publish",
                "--publish-body", "{payload}")  # fmt: skip

    return start


STEADY = ("--streams", 5, "--rate", 100, "--seconds", 1, "--warmup", 0.2)


@pytest.mark.parametrize("chunked", [False, True], ids=["until the end", "chunked"])
def test_an_honest_server_is_found_honest(bench, lying, chunked):
    is_clean(bench("latency", *STEADY, *lying("none", chunked)), 5)


@pytest.mark.parametrize(("lie", "fault"), [("lose", "lost"), ("repeat", "repeated"), ("swap", "disordered")])
def test_every_lie_is_found_and_none_that_is_not_there(bench, lying, lie, fault):
    result = bench("latency", *STEADY, *lying(lie))
    faults = {name: result[name] for name in ("lost", "repeated", "disordered")}
    # Every tenth event of each of five streams. The last one that is to be swapped may find none to come after.
    messages = 120
    assert abs(faults.pop(fault) - 5 * (messages // 10 - 1)) <= 10, result
    assert faults.pop("lost", 0) <= (5 if lie == "swap" else 0) and not any(faults.values()), result
    assert result["notes"]


def test_streams_that_the_server_ends_are_told(bench, lying):
    result = bench("latency", *STEADY, *lying("end"))
    assert result["streams_ended"] == 5 and result["lost"] > 0


def test_fanout_goes_on_after_a_loss(bench, lying):
    result = bench("fanout", "--streams", 3, "--in-flight", 4, "--seconds", 3, "--warmup", 0, "--no-ceiling", *lying("lose"))
    assert result["lost"] > 0 and result["deliveries"] > 3 * 20


def test_an_interrupted_bench_leaves_nothing_running(stopping):
    process = stopping(tributary("bench", "idle", "--streams", 50, "--seconds", 600))
    process.line("streams are idle", 20)
    process.signal(signal.SIGINT)
    assert process.wait() == 1 and "interrupted" in process.said
    until(lambda: not survivors(), 5, what="nothing is left")


def test_a_killed_bench_leaves_nothing_running(stopping):
    process = stopping(tributary("bench", "idle", "--streams", 50, "--seconds", 600))
    process.line("streams are idle", 20)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: not survivors(), 5, what="nothing is left")


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        (["nonsense"], "nonsense"),
        (["fanout", "--streams", "0"], "--streams"),
        (["fanout", "--url", "https://x/"], "--url"),
        (["fanout", "--url", "http://127.0.0.1:9/{who}"], "{who}"),
        (["fanout", "--url", "http://127.0.0.1:9/"], "--publish"),
        (["fanout", "--publish", "http"], "--url"),
        (["latency", "--rate", "0"], "--rate"),
        (["idle", "--from", "here"], "--from"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(bench, arguments, saying):
    said = bench(*arguments, code=64)
    assert saying in said and len(said.splitlines()) == 1, said


def test_a_server_that_is_not_there_is_told(bench):
    assert "no stream could be opened" in bench("idle", "--streams", 5, "--url", "http://127.0.0.1:9/", code=1)
