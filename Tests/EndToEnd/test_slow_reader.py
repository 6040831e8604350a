"""A stream that stops reading while 200 MB pass for the others."""

import threading
import time

import pytest

from harness.feed import Feed, publish_numbers
from harness.waiting import until

SIZE, RATE, STALL = 10_000, 1_000, 20
OTHERS = 5


class PeakMemory:
    """The highest RSS of a process while it is watched."""

    def __init__(self, process):
        self.process, self.peak = process, process.resident_bytes
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stopping.wait(0.05):
            self.peak = max(self.peak, self.process.resident_bytes)

    def stop(self):
        self._stopping.set()
        self._thread.join()
        return self.peak


@pytest.mark.slow
def test_a_stalled_reader_costs_the_others_nothing_and_goes_on_with_a_gap(
    start_hub, start_redis, start_load, stopping, report
):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    load = start_load()
    others = load.open(hub, OTHERS, channels="chat", project_id="slow")
    stalled = load.open(hub, 1, channels="chat", project_id="slow")
    feed = stopping(Feed(redis, "chat:slow", rate=RATE, size=SIZE, patience=10))
    load.wait_for(2 * RATE)
    load.measure()
    load.wait_for(feed.next + 5 * RATE)
    before = load.measure()
    memory, start = hub.resident_bytes, feed.next
    peak = stopping(PeakMemory(hub))
    load.pause(stalled)
    began = time.monotonic()
    until(lambda: hub.stats()["streams"]["slow"] == 1, 10, what="the hub sees that one is slow")
    load.measure()
    # 20 s, and longer where the machine is too slow to publish 200 MB in that time.
    until(lambda: time.monotonic() - began >= STALL and (feed.next - start) * SIZE >= 200_000_000, 28)
    during = load.measure()
    grown = peak.stop() - memory
    totals = load.totals(others, OTHERS)
    load.resume(stalled)
    resumed = feed.next
    load.wait_for(resumed + 2 * RATE, seconds=30)
    end = feed.stop()
    load.wait_for(end, seconds=30)
    after = load.summary(stalled, 1)[0]
    ratio = during["p99"] / before["p99"]
    report(
        f"RSS grew by {grown / 1048576:.1f} MiB; p99 {before['p99'] / 1e6:.1f} ms before, "
        f"{during['p99'] / 1e6:.1f} ms during ({ratio:.2f}x); "
        f"p50 {before['p50'] / 1e6:.1f} and {during['p50'] / 1e6:.1f} ms"
    )
    assert (totals["lost"], totals["repeated"], totals["gaps"], totals["ended"]) == (0, 0, 0, 0)
    assert grown <= 8 << 20
    # The promise is twice; the machine's own noise needs room, and a p99 of a few milliseconds is noise alone.
    assert ratio < 4 or during["p99"] < 20e6
    assert after["gaps"] >= 1 and after["lost"] > 0, "200 MB cannot have waited anywhere"
    assert set(after["reasons"]) == {"tail_overrun"}
    assert after["repeated"] == 0 and after["next"] == end and not after["ended"]
    assert hub.stats()["streams"]["slow"] == 0


def test_a_stream_that_only_pauses_for_a_moment_loses_nothing(start_hub, start_redis, start_load):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    load = start_load()
    load.open(hub, 2, channels="chat", project_id="pause")
    load.pause(0)
    # 900 kB: less than a tail holds.
    publish_numbers(redis.client, "chat:pause", range(900), 1_000, 10)
    load.wait_for(900, 1, 1)
    load.resume(0)
    totals = load.wait_for(900)
    assert (totals["lost"], totals["repeated"], totals["gaps"]) == (0, 0, 0)
    until(lambda: hub.stats()["channels"]["chat"]["delivered_total"] == 1_800, 5)


def test_a_reader_that_sips_gets_every_byte_in_order(start_hub, start_redis, start_load):
    """A receive buffer of a few kB makes each write a partial one."""
    redis = start_redis()
    hub = start_hub("--threads", 1, redis=redis).wait_until_ready()
    load = start_load()
    load.open(hub, 20, channels="chat", project_id="sip", receive_buffer=4096)
    for start in range(0, 600, 30):
        publish_numbers(redis.client, "chat:sip", range(start, start + 30), 20_000, 10)
        load.wait_for(start + 30)
    totals = load.totals()
    assert (totals["lost"], totals["repeated"], totals["gaps"], totals["events"]) == (0, 0, 0, 12_000)
