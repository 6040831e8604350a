"""Ordinary streams beside an attack: half of them hear events, half nothing but their heartbeats."""

import os
import threading
import uuid

import httpx

from .load import Load, data
from .waiting import until

QUIET, BUSY = 50, 50


class Bystanders:
    """100 streams and a publisher at a low rate; and what the hub takes meanwhile."""

    def __init__(self, hub, *, rate=5):
        self.hub = hub
        self.load = Load()
        self.project = f"busy-{uuid.uuid4()}"
        # Of a project each: a user has no more than five in one. Those who hear nothing are sent a heartbeat after 5 s.
        self.load.open(hub, QUIET, channels="chat", project_id="quiet{i}", heartbeat_ms=5_000)
        self.load.open(hub, BUSY, channels="chat", project_id=self.project, client_instance_id="{i}", user_id="{i}")
        self.published = self.failures = 0
        self.most_resident = 0
        self._rate = rate
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        until(lambda: self.published >= 2, 10, what="the publisher publishes")
        self.resident = hub.resident_bytes
        self.files = self.open_files

    @property
    def open_files(self):
        return len(os.listdir(f"/proc/{self.hub.pid}/fd"))

    def _run(self):
        with httpx.Client(timeout=5) as client:
            while not self._stopping.wait(1 / self._rate):
                self.most_resident = max(self.most_resident, self.hub.resident_bytes)
                # The same number until it has arrived; its name makes a second one of it the same event.
                body = (
                    f'{{"channel":"chat","project_id":"{self.project}","event":"message.new",'
                    f'"client_msg_id":"number-{self.published}","data":{data(self.published, 100)}}}'
                )
                try:
                    answer = client.post(
                        self.hub.url + "/publish", content=body, headers={"Content-Type": "application/json"}
                    )
                except httpx.HTTPError:
                    self.failures += 1
                    continue
                if answer.status_code == 200:
                    self.published += 1
                else:
                    self.failures += 1

    def beats(self):
        """Heartbeats of each quiet stream."""
        return [reader["heartbeats"] for reader in self.load.summary(0, QUIET)]

    def all_beat(self, seconds=40.0, times=1):
        """Waits until each quiet stream got a heartbeat that came after the call, and events came through meanwhile."""
        before, published = self.beats(), self.published

        def beat():
            return self.published > published and all(
                now >= then + times for now, then in zip(self.beats(), before, strict=True)
            )

        until(beat, seconds, every=0.2, what="every stream got its heartbeat, and events were published")

    def check(self, *, grown=64 << 20, files=32, seconds=20.0):
        """Nobody lost anything, nobody was sent away, and the hub is what it was before."""
        published = self.published
        totals = self.load.wait_for(published, QUIET, BUSY, seconds)
        everybody = self.load.totals()
        assert not everybody["ended"] and not everybody["closes"] and not everybody["gaps"], everybody
        assert not totals["lost"] and not totals["repeated"], totals
        assert self.most_resident - self.resident < grown, (self.resident, self.most_resident)
        until(
            lambda: self.open_files <= self.files + files,
            seconds,
            what=f"no more files are open than the {self.files} of before",
        )

    def stop(self):
        self._stopping.set()
        self._thread.join(10)
        self.load.stop()
