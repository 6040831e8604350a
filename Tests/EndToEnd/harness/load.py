"""Many streams, read by a process of their own so that neither pytest nor the hub is slowed down by them."""

import time
from urllib.parse import urlencode

from .waiting import until
from .worker import Worker


class Load(Worker):
    """The handle of one load process. Streams are named by their index, in order of opening."""

    def __init__(self, **options):
        super().__init__("load_worker", **options)
        self.count = 0

    def open(self, hub, count, **options):
        """Opens streams and waits for `connected` on each; `{i}` in a query value becomes the stream's index."""
        first = self.begin(hub, count, window=200, **options)
        connected = self.ask("connected", first=first, count=count)
        assert connected == count, f"{connected} of {count} streams opened"
        return first

    def begin(
        self, hub, count, *, sources=("127.0.0.1",), receive_buffer=None, version="HTTP/1.1", window=None, **query
    ):
        """Opens streams, never more than `window` of them unanswered, without waiting for the rest."""
        first = self.ask(
            "open",
            host=hub.address[0],
            port=hub.address[1],
            target="/stream?" + urlencode(query, safe="{},"),
            count=count,
            sources=list(sources),
            receive_buffer=receive_buffer,
            version=version,
            window=window or count,
        )
        self.count += count
        return first

    def pause(self, index):
        """Stops reading a stream; its socket stays open."""
        self.ask("pause", index=index)

    def resume(self, index):
        self.ask("resume", index=index)

    def close(self, first=0, count=None):
        self.ask("close", first=first, count=self.count if count is None else count)

    def measure(self):
        """Latencies since the call before, as nanoseconds: count, p50, p99, p999, max."""
        return self.ask("measure")

    def mark(self, number):
        """From now on, events with this number or a higher one count as `marked`."""
        self.ask("mark", number=number)

    def summary(self, first=0, count=None):
        return self.ask("summary", first=first, count=self.count if count is None else count)

    def totals(self, first=0, count=None):
        return self.ask("totals", first=first, count=self.count if count is None else count)

    def wait_for(self, position, first=0, count=None, seconds=60.0):
        """Waits until every stream's next expected number is at least `position`; returns the totals."""

        def arrived():
            totals = self.totals(first, count)
            assert not totals["ended"], f"{totals['ended']} streams ended: {totals}"
            return totals if totals["least"] >= position else None

        return until(arrived, seconds, every=0.1, what=f"all streams reach {position}")


def payload(number, size, event="message.new"):
    """An envelope whose data is exactly `size` bytes of JSON, with the number and the time of now."""
    return envelope(data(number, size), event)


def data(number, size):
    start = f'{{"n":{number},"t":{time.monotonic_ns()},"pad":"'
    return start + "x" * (size - len(start) - 2) + '"}'


def envelope(data, event="message.new"):
    return f'{{"event":"{event}","data":{data}}}'.encode()
