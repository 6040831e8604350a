"""A thousand clients come back at once, each with 200 events to catch up on; the others' live events must not wait."""

import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.load import data
from harness.processes import Process
from harness.resuming import publish_all
from harness.waiting import until

pytestmark = pytest.mark.alone

HERD, MISSED, ROUNDS = 1_000, 200, 5
OTHERS, RATE = 50, 300
BOUND = 4
# An idle machine's p99 says little of what is usual: 5 ms is the least that is taken for it.
FLOOR = 5e6


# The hub has a core to itself, where there are two: the herd, those who measure and Redis stand for other machines.
CORES = sorted(os.sched_getaffinity(0))
HUB, OTHER_MACHINES = str(CORES[0]), str(CORES[-1])


class Busy:
    """Takes what others leave of a core, as the herd's own work does: the publisher, Redis and those who measure are there as well, and
    what each waits for its turn is not the hub's."""

    def __init__(self, core):
        self.process = Process(["nice", "-n", 19, sys.executable, "-c", "while True: pass"], name="busy", cpus=core)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()


class Kept:
    """This process on a core."""

    def __init__(self, core):
        self.before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {int(core)})

    def stop(self):
        os.sched_setaffinity(0, self.before)


class Ticks:
    """Live events for the others, at a steady rate."""

    def __init__(self, redis):
        self.redis, self.number, self.due = redis, 0, time.monotonic()

    def run(self, finished):
        """Publishes until `finished` returns something true."""
        while not finished():
            pause = self.due - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            else:
                # It does not catch up after a stall of its own.
                self.due = max(self.due, time.monotonic() - 0.05)
            self.redis.publish("chat:others", f'{{"event":"message.new","data":{data(self.number, 200)}}}')
            self.number += 1
            self.due += 1 / RATE


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_thousand_replays_at_once_do_not_hold_up_the_others(
    start_hub, start_redis, start_load, stopping, report
):
    stopping(Kept(OTHER_MACHINES))
    redis = start_redis(cpus=OTHER_MACHINES)
    hub = start_hub("--threads", 1, redis=redis, cpus=HUB).wait_until_ready()
    ids = publish_all(hub, "herd", [{"data": {"n": n, "t": 0, "pad": "x" * 200}} for n in range(MISSED + 1)])
    # The herd gets what the others leave.
    others, herd = start_load(cpus=OTHER_MACHINES, niceness=-10), start_load(cpus=OTHER_MACHINES, niceness=19)

    def come_back():
        began = time.monotonic()
        first = herd.begin(hub, HERD, channels="chat", project_id="herd", from_seq=ids[0], user_id="u{i}")
        herd.wait_for(MISSED + 1, first, HERD)
        # What follows the last event is its `replay.end`.
        until(lambda: herd.totals(first, HERD)["others"] == HERD, 10)
        return first, time.monotonic() - began

    others.open(hub, OTHERS, channels="chat", project_id="others")
    ticks = Ticks(redis.client)
    ticks.run(lambda: ticks.number >= RATE)
    quiet, usual, during, took = [], [], [], []

    def measure_for(seconds):
        others.measure()
        end = time.monotonic() + seconds
        ticks.run(lambda: time.monotonic() > end)
        return others.measure()["p99"]

    with ThreadPoolExecutor(1) as executor:
        for _ in range(ROUNDS):
            quiet.append(measure_for(1))
            with Busy(OTHER_MACHINES):
                usual.append(measure_for(2))
            returning = executor.submit(come_back)
            ticks.run(returning.done)
            during.append(others.measure()["p99"])
            first, seconds = returning.result()
            took.append(seconds)
            totals = herd.totals(first, HERD)
            assert (totals["events"], totals["lost"], totals["repeated"]) == (HERD * MISSED, 0, 0)
            assert (totals["gaps"], totals["closes"], totals["ended"]) == (0, 0, 0)
            herd.close(first, HERD)
            hub.wait_for_streams(OTHERS, 20)
    totals = others.wait_for(ticks.number)
    assert (totals["lost"], totals["repeated"], totals["gaps"]) == (0, 0, 0)

    def ratio_to(p99s, floor=1):
        return statistics.median(after / max(before, floor) for before, after in zip(p99s, during, strict=True))

    ratio = ratio_to(usual)

    def milliseconds(values):
        return ", ".join(f"{value / 1e6:.1f}" for value in values)

    report(
        f"{HERD} replays of {MISSED} took {', '.join(f'{seconds:.1f}' for seconds in took)} s; the others' live p99 "
        f"{milliseconds(usual)} ms before, {milliseconds(during)} ms during ({ratio:.2f}x); "
        f"{milliseconds(quiet)} ms on an idle machine ({ratio_to(quiet):.2f}x)"
    )
    assert ratio <= BOUND, (usual, during)
    assert ratio_to(quiet, FLOOR) <= BOUND, (quiet, during)
