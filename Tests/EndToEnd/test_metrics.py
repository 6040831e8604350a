"""`/metrics`: read by Prometheus' own parsers and judged by its own tool; the figures move as events and streams do."""

import json
import re
import signal
import socket
import statistics
import subprocess
import threading
import time
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from harness.feed import publish_numbers
from harness.requesting import client
from harness.waiting import until

OPEN_METRICS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
FOLDER = Path(__file__).resolve().parents[2] / "Protocols/observability"


def scrape(hub, accept=None):
    answer = client.get(f"{hub.url}/metrics", headers={"accept": accept} if accept else {})
    assert answer.status_code == 200, answer.text
    return answer


class Figures:
    """One scrape: each sample by its name and labels."""

    def __init__(self, hub):
        self.text = scrape(hub).text
        self.families = list(parse_text(self.text))
        self.samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families
            for sample in family.samples
        }

    def __call__(self, name, **labels):
        return self.samples[name, tuple(sorted(labels.items()))]

    def total(self, name):
        return sum(value for (sample, _), value in self.samples.items() if sample == name)

    def buckets(self, name):
        """How many values each bucket has by itself, by its upper bound."""
        found = sorted(
            (float(dict(labels)["le"]), value)
            for (sample, labels), value in self.samples.items()
            if sample == name + "_bucket"
        )
        return {bound: value - before for (bound, value), before in zip(found, [0] + [value for _, value in found])}


def eventually(hub, condition, seconds=5.0):
    """The first scrape of which `condition` is true."""

    def look():
        figures = Figures(hub)
        return figures if condition(figures) else None

    return until(look, seconds, what="the figures say so")


def milliseconds():
    return int(time.time() * 1000)


def publish(redis, topic, event="message.new", data=1, **more):
    redis.publish(topic, json.dumps({"event": event, "data": data} | more))


# MARK: the formats


def named(families):
    return {(sample.name, tuple(sorted(sample.labels.items()))) for family in families for sample in family.samples}


def test_both_formats_are_what_their_parsers_expect_and_say_the_same(redis_hub):
    with redis_hub.stream():
        # The first one is itself a request that the next ones count.
        _, text, open_metrics = scrape(redis_hub), scrape(redis_hub), scrape(redis_hub, OPEN_METRICS)
        assert text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert open_metrics.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert open_metrics.text.endswith("\n# EOF\n") and "# EOF" not in text.text
        plain = list(parse_text(text.text))
        other = list(parse_open_metrics(open_metrics.text))
        assert named(plain) == named(other)
        assert all(family.documentation and family.type != "unknown" for family in plain + other)
        assert len({family.name for family in other}) == len(other)


def test_prometheus_own_tool_finds_no_fault(redis_hub):
    publish_something(redis_hub)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=scrape(redis_hub).text, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def publish_something(hub):
    with hub.stream() as stream:
        hub.publish("chat", "message.new", "x")
        stream.event("message.new")
    hub.get("/nowhere")


@pytest.mark.parametrize("file", ["dashboard.json", "alerts.yaml"])
def test_every_metric_that_is_looked_at_is_there(redis_hub, file):
    publish_something(redis_hub)
    there = {name for name, _ in Figures(redis_hub).samples} | {"up"}
    text = (FOLDER / file).read_text("utf-8")
    wanted = set(re.findall(r"\b(?:(?:tributary|process)_[a-z_]+|up(?={))", text))
    # A histogram may be spoken of by its own name.
    there |= {family.name for family in Figures(redis_hub).families}
    assert len(wanted) > 8 and wanted <= there, wanted - there
    # And every value of a label that is chosen by name is one that there is.
    values = {value for _, labels in Figures(redis_hub).samples for _, value in labels}
    chosen = re.findall(r'\b(?:reason|outcome)[!=]~?\\?"([a-z_|]+)', text)
    assert {part for group in chosen for part in group.split("|")} <= values


def test_it_is_for_whoever_stats_are_for(start_hub):
    secrets = {"TRIBUTARY_JWT_SECRET": "0123456789abcdef" * 2, "TRIBUTARY_ADMIN_TOKEN": "an-operators-token"}
    hub = start_hub("--auth", "jwt", "--hostname", "0.0.0.0", environment=secrets)
    for path in ("/stats", "/metrics"):
        assert client.get(hub.url + path).status_code == 401
        assert client.get(hub.url + path, headers={"authorization": "Bearer an-operators-token"}).status_code == 200


# MARK: the figures


def test_the_figures_move_as_events_and_streams_do(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    before = Figures(hub)
    assert before("tributary_streams_open") == before("tributary_streams_opened_total") == 0
    assert before("tributary_events_delivered_total", channel="chat") == 0 and before("tributary_relay_up") == 1
    with hub.stream("chat,jobs", project_id="m", user_id="u1") as one, hub.stream(project_id="m", user_id="u2") as two:
        publish(redis, "chat:m", id=7)
        publish(redis, "jobs:m", "job.progress", {})
        redis.publish("chat:m", "{")
        publish(redis, "chat:m", "typing.start", {}, id="not a number")
        for stream in (one, two):
            stream.event("typing.start")
        now = eventually(hub, lambda now: now("tributary_events_delivered_total", channel="chat") == 4)
        assert now("tributary_streams_open") == now("tributary_streams_opened_total") == 2
        assert now("tributary_channel_streams", channel="chat") == 2
        assert now("tributary_channel_streams", channel="jobs") == 1
        assert now("tributary_events_received_total") == 4
        assert now("tributary_events_published_total", channel="chat") == 2
        assert now("tributary_events_delivered_total", channel="jobs") == 1
        chat = ("message.new", "typing.start")
        sizes = [len(frame.raw) for stream in (one, two) for frame in stream.frames if frame.event in chat]
        assert now("tributary_delivered_bytes_total", channel="chat") == sum(sizes)
        assert now("tributary_events_dropped_total", reason="malformed_envelope") == 1
        assert now("tributary_ids_ignored_total", reason="ignored_id") == 1
        assert now("tributary_received_bytes_total") > 100 and now("tributary_projects") == 1
        assert now("tributary_registry_operation_seconds_count", operation="register") == 2
        assert now("tributary_relay_subscriptions") == hub.stats()["relay"]["subscriptions"]
        assert abs(now("process_resident_memory_bytes") - hub.resident_bytes) < 8 << 20
        assert 10 < now("process_open_fds") < 200 and now("process_max_fds") >= now("process_open_fds")
        assert abs(now("process_start_time_seconds") - time.time()) < 60 and now("process_cpu_seconds_total") > 0
        assert now("tributary_draining") == 0
        eventually(hub, lambda now: now("tributary_event_loop_lag_seconds_count") > 0)
        # A probe a second: its age falls again.
        until(lambda: Figures(hub)("tributary_relay_probe_age_seconds") < 0.9, 5)
    gone = eventually(hub, lambda now: now("tributary_streams_closed_total", reason="client") == 2)
    assert gone("tributary_streams_open") == gone("tributary_channel_streams", channel="chat") == 0
    assert gone.total("tributary_streams_closed_total") == gone("tributary_streams_opened_total")


def test_replays_and_gaps_count_by_how_they_went(start_hub):
    hub = start_hub("--replay-limit", 3)
    for number in range(6):
        hub.publish("chat", "message.new", number, project="r", id=str(number + 1))
    for after in (4, 1, 99):
        with hub.stream(project_id="r", from_seq=after, user_id=f"u{after}") as stream:
            stream.event("replay.end")
    now = eventually(hub, lambda now: now("tributary_replays_total", outcome="incomplete") == 1)
    assert now("tributary_replays_total", outcome="complete") == now("tributary_replays_total", outcome="limited") == 1
    assert now("tributary_replay_events_sum") == 2 + 3 and now("tributary_replay_events_count") == 3
    assert now("tributary_gaps_total", reason="replay_limit") == 1
    assert now("tributary_gaps_total", reason="cursor_not_found") == 1


def test_evictions_are_counted(start_hub):
    hub = start_hub("--max-streams-per-user", 1)
    with hub.stream(user_id="u"), hub.stream(user_id="u"):
        now = eventually(hub, lambda now: now("tributary_streams_closed_total", reason="evicted") == 1)
        assert now("tributary_streams_displaced_total", reason="evicted") == 1
    hub = start_hub("--max-streams-per-user", 1, "--over-limit", "reject")
    with hub.stream(user_id="u"):
        assert hub.get("/stream", user_id="u").status_code == 429
        assert Figures(hub)("tributary_streams_refused_total", reason="user_limit") == 1


def test_a_relay_that_goes_and_comes_back_is_seen(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream() as stream:
        redis.kill()
        down = eventually(hub, lambda now: now("tributary_relay_up") == 0)
        assert down("tributary_streams_open") == 1
        until(lambda: Figures(hub)("tributary_registry_up") == 0, 15)
        redis.start()
        back = eventually(hub, lambda now: now("tributary_relay_up") == 1, 20)
        assert back("tributary_relay_reconnects_total") == 1
        assert back.total("tributary_registry_failures_total") > 0
        stream.event("gap", 15)
        eventually(hub, lambda now: now("tributary_gaps_total", reason="relay_reconnected") >= 1)


def test_a_drain_can_be_watched_on_a_connection_that_was_there_before(start_hub):
    hub = start_hub("--drain-seconds", 4)
    streams = [hub.stream(user_id=f"u{number}") for number in range(4)]
    with socket.create_connection(hub.address, 5) as kept:
        kept.sendall(b"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n")
        assert "tributary_draining 0" in answer_on(kept)
        hub.signal(signal.SIGTERM)
        until(lambda: takes_no_connection(hub), 5)
        kept.sendall(b"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n")
        text = answer_on(kept)
        assert "tributary_draining 1" in text
        assert 1 <= float(re.search(r"^tributary_drain_remaining_streams (\S+)$", text, re.MULTILINE)[1]) <= 4
        assert 0 < float(re.search(r"^tributary_drain_remaining_seconds (\S+)$", text, re.MULTILINE)[1]) <= 4
    for stream in streams:
        stream.close()


def takes_no_connection(hub):
    try:
        socket.create_connection(hub.address, 1).close()
    except OSError:
        return True
    return False


def answer_on(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1 << 16)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head.lower())[1])
    while len(body) < length:
        body += connection.recv(1 << 16)
    return body.decode()


# MARK: the latency


def test_the_latency_is_that_of_the_publishers_timestamp_once_for_each_stream(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    name = "tributary_publish_to_write_seconds"
    with hub.stream(project_id="l") as one, hub.stream(project_id="l", user_id="u2") as two:
        # Each in the middle of a wide bucket, so that it does not matter how long the rest takes.
        ages = {0.7: 1.0, 1.6: 2.5, 3.5: 5.0, 7.0: 10.0, 100.0: float("inf")}
        for age in ages:
            publish(redis, "chat:l", "typing.start", {}, ts=milliseconds() - int(age * 1000))
        # No time at all, and times that are none.
        publish(redis, "chat:l", "typing.start", {})
        publish(redis, "chat:l", "typing.start", {}, ts=int(time.time()))
        publish(redis, "chat:l", "typing.start", {}, ts="soon")
        publish(redis, "chat:l", "typing.start", {}, ts=milliseconds() + 3000)
        for stream in (one, two):
            for _ in range(9):
                stream.event("typing.start")
        now = eventually(hub, lambda now: now("tributary_events_delivered_total", channel="chat") == 18)
        buckets = now.buckets(name)
        assert {bound: buckets[bound] for bound in ages.values()} == {bound: 2 for bound in ages.values()}
        # The clock that is ahead.
        assert buckets[0.001] == 2 and now(name + "_count") == 12
        assert abs(now(name + "_sum") - 2 * sum(ages)) < 5
        assert now("tributary_unusable_timestamps_total") == 2


def test_the_time_from_commit_to_publication_counts_once_for_an_event(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream(project_id="c") as one, hub.stream(project_id="c", user_id="u2"):
        now = milliseconds()
        publish(redis, "chat:c", "typing.start", {}, ts=now, committed_at=now - 40)
        publish(redis, "chat:c", "typing.start", {}, ts=now, committed_at=now - 4000)
        for _ in range(2):
            one.event("typing.start")
        figures = eventually(hub, lambda now: now("tributary_commit_to_publish_seconds_count") == 2)
        buckets = figures.buckets("tributary_commit_to_publish_seconds")
        assert buckets[0.05] == buckets[5.0] == 1 and figures("tributary_commit_to_publish_seconds_sum") == 4.04


# MARK: bounds


def test_a_flood_of_odd_names_makes_no_new_series(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream("all", project_id="flood") as stream:
        hub.publish("chat", "message.new", 1, project="flood")
        stream.event("message.new")
        client.post(f"{hub.url}/publish", json={"channel": "nowhere-0", "event": "x", "data": 1})
        client.request("PROPFIND", f"{hub.url}/odd/0")
        hub.get("/stream", channels="odd-0")
        before = set(Figures(hub).samples)
        for number in range(300):
            # Unknown channels, users, projects, paths, methods, event names and reasons.
            client.post(f"{hub.url}/publish", json={"channel": f"nowhere-{number}", "event": f"x.{number}", "data": 1})
            hub.publish("chat", f"odd.{number}", 1, project="flood", to={"user": f"user-{number}"})
            redis.publish("chat:flood", f'{{"event":"odd.{number}","data":1,"id":"ulid{number}","{number}":1}}')
            if number % 10 == 0:
                hub.get(f"/odd/{number}", project_id=f"project-{number}")
                client.request("PROPFIND", f"{hub.url}/odd/{number}")
                hub.get("/stream", channels=f"odd-{number}")
                hub.stream(project_id=f"project-{number}", user_id=f"user-{number}").close()
        after = Figures(hub)
        # What this test's own requests were answered with, and nothing that it made up.
        new = set(after.samples) - before
        assert all(name.startswith("tributary_http_request") for name, _ in new) and len(new) < 60, new
        assert not re.search(r"odd|nowhere|user-|project-|flood|ulid", after.text)
        assert len(after.text) < 64 << 10


# MARK: under load


@pytest.mark.alone
@pytest.mark.slow
def test_scrapes_under_load_do_not_hold_up_a_loop(start_hub, start_redis, start_load, report):
    """However many streams there are, a loop has as little to do for a scrape: nothing that grows with them."""
    redis = start_redis()
    hub = start_hub("--threads", 1, redis=redis).wait_until_ready()

    def asked(count=40):
        took = []
        for _ in range(count):
            began = time.perf_counter()
            scrape(hub)
            took.append(time.perf_counter() - began)
        return statistics.median(took)

    few = asked()
    load = start_load()
    streams = load.open(hub, 4_000, channels="chat", project_id="p{i}", user_id="u{i}")
    many = asked()
    report(f"a scrape takes {few * 1000:.1f} ms without streams, {many * 1000:.1f} ms with 4,000 in as many projects")
    stop = threading.Event()
    scrapes = []

    def keep_asking():
        while not stop.is_set():
            scrapes.append(scrape(hub).status_code)

    before = hub.cpu_seconds
    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        for first in range(0, 4_000, 400):
            for index in range(first, first + 400):
                publish_numbers(redis.client, f"chat:p{index}", [0], 200)
    finally:
        stop.set()
        asking.join()
    totals = load.wait_for(1, streams, 4_000, seconds=30)
    assert (totals["lost"], totals["repeated"]) == (0, 0) and len(scrapes) > 3 and set(scrapes) == {200}
    report(f"{len(scrapes)} scrapes beside 4,000 events, {hub.cpu_seconds - before:.2f} s of CPU")
    figures = Figures(hub)
    assert figures("tributary_streams_open") == figures("tributary_channel_streams", channel="chat") == 4_000
    # The loop's own word on it. Opening so many streams at once is another matter; this is the half minute since.
    report(f"longest lag {figures('tributary_event_loop_longest_lag_seconds', loop='0') * 1000:.0f} ms")
