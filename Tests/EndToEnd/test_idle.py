"""10,000 idle streams: what they cost, and that heartbeats go to the silent ones alone."""

import time

import pytest

from harness.feed import Feed, publish_numbers
from harness.waiting import until

pytestmark = pytest.mark.alone

IDLE, WARM, BUSY = 10_000, 200, 50
SOURCES = [f"127.0.0.{last}" for last in range(2, 10)]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_an_idle_stream_costs_at_most_8_kB_and_heartbeats_go_only_to_the_silent(
    start_hub, start_redis, start_load, stopping, report
):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    load = start_load()
    load.open(hub, WARM, sources=SOURCES, channels="chat,jobs", project_id="warm", user_id="w{i}")
    busy = load.open(hub, BUSY, channels="chat", project_id="busy", heartbeat_ms=5000)
    feed = stopping(Feed(redis, "chat:busy", rate=2, size=100))
    before = hub.resident_bytes
    began = time.monotonic()
    # Without `presence`: there, each who comes is news for all the others.
    idle = load.open(
        hub, IDLE, sources=SOURCES, channels="jobs,advisor", project_id="idle", user_id="u{i}", heartbeat_ms=20000
    )
    opened = time.monotonic() - began
    after_open = hub.resident_bytes
    cpu = hub.cpu_seconds
    beaten = lambda: load.totals(idle, IDLE)["with_heartbeat"] == IDLE
    until(beaten, 30, every=1, what="every idle stream got a heartbeat")
    load.wait_for(feed.next, busy, BUSY)
    cost = (max(hub.resident_bytes, after_open) - before) / IDLE
    report(
        f"an idle stream costs {cost:.0f} B of RSS ({(after_open - before) / IDLE:.0f} B before its heartbeat); "
        f"{IDLE} opened in {opened:.1f} s; {hub.cpu_seconds - cpu:.2f} s of CPU for their heartbeats"
    )
    assert cost <= 8_000
    totals = load.totals(idle, IDLE)
    assert totals["ended"] == 0 and totals["with_gap"] == 0
    assert load.totals(busy, BUSY)["heartbeats"] == 0, "a stream that hears events needs no heartbeat"
    stats = hub.stats(project_id="idle")
    assert stats["streams"]["open"] == IDLE and stats["users"] == IDLE
    publish_numbers(redis.client, "jobs:idle", [0], 100)
    load.wait_for(1, idle, IDLE)
    load.close()
    hub.wait_for_streams(0, 3)
    assert hub.stats()["users"] == 0
