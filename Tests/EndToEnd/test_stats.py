"""`/stats`: every number is one that can be counted by hand."""

import json
import time

import pytest

from harness.waiting import until


@pytest.fixture
def fresh(start_hub):
    return start_hub()


def test_it_has_the_shape_that_the_contract_names(fresh):
    stats = fresh.stats()
    assert {
        "node",
        "version",
        "uptime_s",
        "pid",
        "streams",
        "users",
        "projects",
        "channels",
        "relay",
        "memory",
    } <= stats.keys()
    assert stats["pid"] == fresh.pid
    assert {"open", "opened_total", "closed_total", "slow"} <= stats["streams"].keys()
    assert stats["channels"].keys() == {"chat", "jobs", "presence", "advisor", "github-sync", "pending-changes"}
    for channel in stats["channels"].values():
        assert channel == {"streams": 0, "published_total": 0, "delivered_total": 0, "delivered_bytes_total": 0}
    assert {"kind", "connected", "subscriptions", "received_total", "rejected_total", "reconnects_total"} <= stats[
        "relay"
    ].keys()
    assert stats["relay"]["kind"] == "memory" and stats["relay"]["connected"] is True
    assert abs(stats["memory"]["rss_bytes"] - fresh.resident_bytes) < 4 << 20
    assert stats["memory"]["tail_bytes"] == 0
    first = stats["uptime_s"]
    time.sleep(0.2)
    assert fresh.stats()["uptime_s"] > first


def test_the_numbers_add_up(fresh):
    with (
        fresh.stream("chat", project_id="a", user_id="u1") as one,
        fresh.stream("chat,jobs", project_id="a", user_id="u1") as two,
        fresh.stream("jobs", project_id="b", user_id="u1") as three,
        fresh.stream(None, project_id="b", user_id="u2") as four,
    ):
        for number in range(10):
            fresh.publish("chat", "message.new", {"n": number}, project="a", id=str(number + 1))
        for number in range(4):
            fresh.publish("job", "job.progress", number, project="b")
        fresh.publish("chat", "typing.start", "mine", project="a", to={"user": "nobody"})
        # The last one is told who comes as well.
        for stream, event, count in (
            (one, "message.new", 10), (two, "message.new", 10), (three, "job.progress", 4), (four, "job.progress", 4)
        ):
            for _ in range(count):
                stream.event(event)
        stats = fresh.stats()
        assert stats["streams"]["open"] == 4 and stats["streams"]["opened_total"] == 4
        assert stats["users"] == 2 and stats["projects"] == 2
        chat, jobs = stats["channels"]["chat"], stats["channels"]["jobs"]
        assert (chat["streams"], chat["published_total"], chat["delivered_total"]) == (3, 11, 20)
        assert (jobs["streams"], jobs["published_total"], jobs["delivered_total"]) == (3, 4, 8)
        assert stats["channels"]["presence"]["streams"] == 1
        bytes_of = lambda stream, event: sum(len(frame.raw) for frame in stream.frames if frame.event == event)
        assert chat["delivered_bytes_total"] == bytes_of(one, "message.new") + bytes_of(two, "message.new")
        assert jobs["delivered_bytes_total"] == bytes_of(three, "job.progress") + bytes_of(four, "job.progress")
        # Who comes is told through the relay as well.
        assert stats["relay"]["received_total"] == 15 + stats["channels"]["presence"]["published_total"]

        narrowed = fresh.stats(project_id="a")
        assert narrowed["streams"]["open"] == 2 and narrowed["users"] == 1 and narrowed["projects"] == 1
        assert narrowed["channels"]["chat"]["delivered_total"] == 20 and narrowed["channels"]["chat"]["streams"] == 2
        assert narrowed["channels"]["chat"]["published_total"] == 11
        assert (
            narrowed["channels"]["jobs"]["delivered_total"] == 0
            and narrowed["channels"]["jobs"]["published_total"] == 0
        )
        other = fresh.stats(project_id="b")
        assert (
            other["channels"]["jobs"]["delivered_total"] == 8
            and other["users"] == 2
            and other["streams"]["opened_total"] == 2
        )
        nobody = fresh.stats(project_id="nobody")
        assert nobody["streams"]["open"] == 0 and nobody["users"] == 0 and nobody["projects"] == 0
        one.close()
        fresh.wait_for_streams(3)
        stats = fresh.stats()
        assert stats["streams"]["closed_total"]["client"] == 1
        assert stats["streams"]["opened_total"] == stats["streams"]["open"] + sum(
            stats["streams"]["closed_total"].values()
        )
        assert fresh.stats(project_id="a")["streams"]["closed_total"]["client"] == 1
        assert sum(fresh.stats(project_id="b")["streams"]["closed_total"].values()) == 0
    fresh.wait_for_streams(0)
    stats = fresh.stats()
    assert stats["users"] == 0 and stats["projects"] == 0
    assert all(channel["streams"] == 0 for channel in stats["channels"].values())
    assert sum(stats["streams"]["closed_total"].values()) == 4


def test_a_broadcast_counts_once_as_published_and_once_a_stream_as_delivered(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream(project_id="a") as one, hub.stream(project_id="b") as two, hub.stream(project_id="b") as three:
        redis.publish("chat", json.dumps({"event": "typing.start", "data": 1}))
        for stream in (one, two, three):
            stream.event("typing.start")
        chat = hub.stats()["channels"]["chat"]
        assert chat["published_total"] == 1 and chat["delivered_total"] == 3
        assert hub.stats(project_id="b")["channels"]["chat"]["delivered_total"] == 2


def test_subscriptions_are_what_redis_counts(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream("chat,jobs", project_id="a"):
        stats = hub.stats()["relay"]
        assert stats["kind"] == "redis" and stats["connected"] is True and stats["reconnects_total"] == 0
        channels = {name.decode() for name in redis.client.pubsub_channels()}
        assert {"chat:a", "jobs:a", "job:a", "chat", "jobs"} <= channels
        control = {name for name in channels if name.partition(":")[0] not in ("chat", "jobs", "job")}
        node = hub.stats()["node"]
        control -= {"tributary:nodes", f"tributary:nodes:{node}"}
        assert len(control) <= 1, "besides, the node has its control channel, and what nodes say to each other"
        assert stats["subscriptions"] in (len(channels), len(channels) - len(control) - 2)


def test_probes_are_no_events(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream():
        time.sleep(2.5)
        relay = hub.stats()["relay"]
        assert relay["received_total"] == 0 and not any(relay["rejected_total"].values())


def test_the_tail_does_not_grow_with_what_has_passed(start_hub):
    hub = start_hub()
    with hub.stream(project_id="tail", seconds=30) as stream:
        for _ in range(40):
            hub.publish("chat", "typing.start", "x" * 100_000, project="tail")
            stream.event()
        # A MiB a project and event loop, and the newest segment.
        assert hub.stats()["memory"]["tail_bytes"] <= (1 << 20) + 200_000
    until(lambda: hub.open_streams() == 0, 3)
