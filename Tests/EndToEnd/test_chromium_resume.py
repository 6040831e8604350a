"""Chromium's own `EventSource` reconnects a hundred times, and its page misses nothing and sees nothing twice."""

import itertools
import random
import re
import signal
import threading
import time

import httpx
import pytest

from harness.browser import EventSourcePage, chromium, is_installed
from harness.timelines import history

if not is_installed():
    pytest.fail("Debian's chromium is missing; Tests/run installs it", pytrace=False)

CUTS, RESTART_EVERY = 100, 20
PROJECT = "web-resume"
RETRY = re.compile(rb"\nretry: (\d{4})\n")


def hurry(data):
    """Chromium waits for as long as `retry` says: 3 s a hundred times over would be a long test."""
    return RETRY.sub(b"\nretry: 0050\n", data)


class Chatter:
    """Publishes through one hub or the other, without an end; each number goes out once, however often it is tried."""

    def __init__(self, urls, pause):
        self.urls, self.pause = urls, pause
        self.ids = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with httpx.Client(timeout=5) as client:
            for number in itertools.count():
                channel, event = (("chat", "message.new"), ("jobs", "job.completed"))[number % 3 == 2]
                body = {"channel": channel, "project_id": PROJECT, "event": event, "data": {"n": number}}
                body["client_msg_id"] = f"m-{number}"
                for attempt in itertools.count(number):
                    try:
                        answer = client.post(self.urls[attempt % 2] + "/publish", json=body)
                        if answer.status_code == 200:
                            self.ids.append(answer.json()["id"])
                            break
                    except httpx.HTTPError:
                        pass
                    time.sleep(0.02)
                if self._stopping.wait(self.pause):
                    return

    def stop(self):
        self._stopping.set()
        self._thread.join(20)
        return self.ids


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_100_cuts_lose_nothing_and_repeat_nothing(start_hub, start_redis, start_proxy, stopping, report):
    redis = start_redis()
    settings = ("--drain-seconds", 0, "--probe-seconds", 1)
    hub = start_hub(*settings, redis=redis).wait_until_ready()
    other = start_hub(*settings, redis=redis).wait_until_ready()
    proxy = start_proxy(hub.address, rewrite=lambda: hurry)
    chance = random.Random(7)
    with chromium() as browser:
        names = ("message.new", "message.replay", "job.completed", "replay.end", "gap", "server_close")
        page = EventSourcePage(browser, proxy.url, f"channels=chat,jobs&project_id={PROJECT}", names)
        chatter = stopping(Chatter([hub.url, other.url], 0.01))
        page.wait_for(1, "message.new")
        restarts = 0
        for number in range(1, CUTS + 1):
            # Not before it is back and read something, so that each is a cut of its own.
            page.wait_for(number, "connected", seconds=30)
            if number % RESTART_EVERY == 0:
                hub.signal(signal.SIGTERM if restarts % 2 else signal.SIGKILL)
                hub.wait(10)
                hub = start_hub(*settings, redis=redis, port=hub.port)
                restarts += 1
            else:
                time.sleep(chance.uniform(0.0, 0.15))
                proxy.cut()
        page.wait_for(CUTS + 1, "connected", seconds=30)
        ids = chatter.stop()
        page.page.wait_for_function(
            "id => window.seen.some(entry => entry.id === id)",
            arg=str(ids[-1]),
            timeout=20_000,
        )
        seen = page.seen()
        state = page.value("source.readyState")
        page.close()
    log = history(hub.url, PROJECT)
    events = [entry for entry in seen if entry["handler"] in ("message.new", "message.replay", "job.completed")]
    connected = [entry for entry in seen if entry["handler"] == "connected"]
    replayed = sum(1 for entry in events if entry["handler"] == "message.replay")
    heads = [head for head in proxy.heads if head.startswith(b"GET /stream")]
    report(
        f"{len(connected) - 1} reconnects, {restarts} of them to a hub that was ended; {len(events)} events, "
        f"{replayed} messages replayed"
    )
    assert [event["id"] for event in log] == ids
    assert [int(entry["id"]) for entry in events] == ids
    assert [entry["handler"] for entry in seen if entry["handler"] == "gap"] == []
    assert state == 1 and replayed > 0
    assert len(connected) > CUTS and all('"recovered":true' in entry["data"] for entry in connected)
    # The browser sent its cursor itself.
    assert sum(1 for head in heads if b"last-event-id: " in head.lower()) >= CUTS
