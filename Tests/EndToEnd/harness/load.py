"""Many streams, read by a process of their own so that neither pytest nor the hub is slowed down by them."""

import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

from .processes import Process
from .waiting import until

WORKER = Path(__file__).with_name("load_worker.py")


class Load:
    """The handle of one load process. Streams are named by their index, in order of opening."""

    def __init__(self, cpus=None):
        self.process = Process([sys.executable, "-S", WORKER], name="load", stdin=subprocess.PIPE, cpus=cpus)
        self.count = 0
        self._answers = 0

    def _ask(self, do, seconds=90.0, **arguments):
        self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self.process.stdin.flush()
        self._answers += 1

        def answered():
            assert self.process.is_running, self.process.said[-4000:]
            return len(self.process.output) >= self._answers

        until(answered, seconds, every=0.005, what=f"the load client answers {do}")
        return json.loads(self.process.output[self._answers - 1])

    def open(self, hub, count, *, sources=("127.0.0.1",), receive_buffer=None, version="HTTP/1.1", **query):
        """Opens streams and waits for `connected` on each; `{i}` in a query value becomes the stream's index."""
        target = "/stream?" + urlencode(query, safe="{},")
        answer = self._ask(
            "open",
            host=hub.address[0],
            port=hub.address[1],
            target=target,
            count=count,
            sources=list(sources),
            receive_buffer=receive_buffer,
            version=version,
        )
        assert answer["connected"] == count, f"{answer['connected']} of {count} streams opened"
        self.count += count
        return answer["first"]

    def pause(self, index):
        """Stops reading a stream; its socket stays open."""
        self._ask("pause", index=index)

    def resume(self, index):
        self._ask("resume", index=index)

    def close(self, first=0, count=None):
        self._ask("close", first=first, count=self.count if count is None else count)

    def measure(self):
        """Latencies since the call before, as nanoseconds: count, p50, p99, p999, max."""
        return self._ask("measure")

    def mark(self, number):
        """From now on, events with this number or a higher one count as `marked`."""
        self._ask("mark", number=number)

    def summary(self, first=0, count=None):
        return self._ask("summary", first=first, count=self.count if count is None else count)

    def totals(self, first=0, count=None):
        return self._ask("totals", first=first, count=self.count if count is None else count)

    def wait_for(self, position, first=0, count=None, seconds=60.0):
        """Waits until every stream's next expected number is at least `position`; returns the totals."""

        def arrived():
            totals = self.totals(first, count)
            assert not totals["ended"], f"{totals['ended']} streams ended: {totals}"
            return totals if totals["least"] >= position else None

        return until(arrived, seconds, every=0.1, what=f"all streams reach {position}")

    def stop(self):
        self.process.kill()


def payload(number, size, event="message.new"):
    """An envelope whose data is exactly `size` bytes of JSON, with the number and the time of now."""
    return envelope(data(number, size), event)


def data(number, size):
    start = f'{{"n":{number},"t":{time.monotonic_ns()},"pad":"'
    return start + "x" * (size - len(start) - 2) + '"}'


def envelope(data, event="message.new"):
    return f'{{"event":"{event}","data":{data}}}'.encode()
