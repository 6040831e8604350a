"""A stream that stops reading while 200 MB pass for the others."""

import contextlib
import threading
import time

import pytest

from harness.feed import Feed, publish_numbers
from harness.resuming import Resumed, publish_all
from harness.stream import Stream
from harness.waiting import until

pytestmark = pytest.mark.alone

SIZE, RATE, STALL = 10_000, 1_000, 20
OTHERS, STALLED = 5, 200


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


@pytest.mark.parametrize("mode", ["redis", "memory"])
def test_a_reader_that_fell_off_the_tail_gets_all_durable_events_and_is_told_of_the_others(
    start_hub, start_redis, mode
):
    """8 MB pass while it reads nothing, and the tail holds 64 kB: the rest has to come from the log."""
    hub = start_hub("--tail-bytes", 65_536, redis=start_redis() if mode == "redis" else None).wait_until_ready()
    stalled = hub.stream("chat,jobs", project_id="off", receive_buffer=4096, seconds=30)
    attentive = hub.stream("chat,jobs", project_id="off")
    ids, before = [], stalled.greeting.json
    for number in range(0, 800, 20):
        ids += publish_all(hub, "off", [{"data": {"n": n, "pad": "x" * 10_000}} for n in range(number, number + 19)])
        ids += publish_all(hub, "off", [{"channel": "jobs", "event": "job.started", "data": {"n": number + 19}}])
        hub.publish("chat", "typing.start", {"n": number, "pad": "x" * 10_000}, project="off")
        # The other one reads on, and misses nothing.
        frames = [attentive.event() for _ in range(21)]
        assert [int(frame.id) for frame in frames[:20]] == ids[-20:] and frames[20].event == "typing.start"
    until(lambda: hub.stats()["streams"]["slow"] == 1, 5)
    seen, typed, gaps = [], 0, []
    while not seen or seen[-1] != ids[-1]:
        frame = stalled.event()
        if frame.id is not None:
            assert frame.event in ("message.new", "message.replay", "job.started"), frame.event
            assert frame.json["n"] == len(seen)
            seen.append(int(frame.id))
        elif frame.event == "typing.start":
            typed += 1
        elif frame.event == "gap":
            gaps.append(frame.json)
        else:
            assert frame.event == "replay.end", frame
    assert seen == ids, "in order, and each once"
    assert before["recovered"] is True
    assert typed < 40 and gaps, "what was ephemeral is lost, and that is told"
    assert {gap["reason"] for gap in gaps} == {"tail_overrun"}
    assert all("from" not in gap for gap in gaps), "nothing durable is missing"
    (last,) = publish_all(hub, "off", [{"data": "live"}])
    live = stalled.event("message.new")
    assert (live.id, live.json) == (str(last), "live")
    assert attentive.event("message.new").id == str(last)
    until(lambda: hub.stats()["streams"]["slow"] == 0, 5)
    stalled.close()
    attentive.close()


@pytest.mark.slow
def test_a_reader_that_stalls_again_and_again_misses_nothing_during_traffic(start_hub, start_redis):
    """Catching up from the log meets what arrives meanwhile; 2 MB/s pass, and the tail holds 64 kB."""
    redis = start_redis()
    hub = start_hub("--tail-bytes", 65_536, redis=redis).wait_until_ready()
    stalled = hub.stream(project_id="again", receive_buffer=4096, seconds=30)
    ids, ending = [], threading.Event()

    def publish():
        while not ending.is_set():
            ids.extend(publish_all(hub, "again", [{"data": "x" * 10_000} for _ in range(10)]))
            ending.wait(0.05)

    thread = threading.Thread(target=publish)
    thread.start()
    seen = []
    try:
        for turn in range(8):
            # Not reading is the point here, so this is not a wait for anything.
            time.sleep(0.7)
            for _ in range(60 + 20 * turn):
                frame = stalled.event()
                if frame.id is not None:
                    seen.append(int(frame.id))
    finally:
        ending.set()
        thread.join(20)
    while seen[-1] != ids[-1]:
        frame = stalled.event()
        if frame.id is not None:
            seen.append(int(frame.id))
        else:
            assert frame.event in ("gap", "replay.end"), frame
            assert "from" not in frame.json, frame
    assert seen == ids
    stalled.close()


def test_readers_that_stall_in_their_replay_cost_little_each(start_hub, start_redis, report):
    """6 MB are there for each of them; what a slow reader costs is a cursor and a little that was not sent yet."""
    hub = start_hub(redis=start_redis()).wait_until_ready()
    ids = []
    for _ in range(10):
        ids += publish_all(hub, "stalls", [{"data": "x" * 10_000} for _ in range(60)])
    memory = hub.resident_bytes
    # Each after another cursor, so that none shares another one's page.
    streams = [
        Stream(hub.address, channels="chat", project_id="stalls", from_seq=id, receive_buffer=4096)
        for id in ids[:STALLED]
    ]
    until(lambda: hub.stats()["streams"]["slow"] == STALLED, 20)
    grown = hub.resident_bytes - memory
    report(f"{STALLED} stalled replays cost {grown / STALLED / 1024:.0f} KiB each")
    for stream in streams:
        stream.close()
    assert grown < STALLED * 192 * 1024
    hub.wait_for_streams(0)


@pytest.mark.slow
def test_a_reader_stuck_in_its_replay_for_30_seconds_is_closed_and_resumes(start_hub, start_redis):
    hub = start_hub(redis=start_redis()).wait_until_ready()
    ids = []
    for _ in range(20):
        ids += publish_all(hub, "stuck", [{"data": "x" * 10_000} for _ in range(60)])
    began = time.monotonic()
    with Stream(hub.address, channels="chat", project_id="stuck", from_seq=ids[0], receive_buffer=4096) as stuck:
        until(lambda: hub.stats()["streams"]["closed_total"].get("slow_consumer") == 1, 45, every=0.2)
        assert time.monotonic() - began > 25
        # What it had taken before is whole frames and perhaps a torso; it goes on after the last whole one.
        seen = []
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                frame = stuck.next(5)
                seen += [int(frame.id)] if frame.id else []
    assert seen == ids[1 : len(seen) + 1] and len(seen) < len(ids) - 1
    with Resumed(hub, "stuck", from_seq=seen[-1] if seen else ids[0], user_id="u") as resumed:
        assert resumed.connected["recovered"] is True
        assert resumed.ids == ids[len(seen) + 1 :][:200]
