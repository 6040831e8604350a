"""The load client: thousands of streams in one process of its own, driven by lines of JSON on its standard input.

Payloads carry `"n":<sequence number>,"t":<monotonic nanoseconds>`; each stream checks that it sees 0, 1, 2, … once.
"""

import json
import re
import selectors
import socket
import time

from .commands import CommandLoop

NUMBERS = re.compile(rb'"n":(\d+),"t":(\d+)')
EVENTS = re.compile(rb"^(?:id: (\d+)\n)?event: (\S+)$|^(: heartbeat)$", re.MULTILINE)


# What a reader counts, and what sums up over readers.
COUNTS = (
    "events",
    "lost",
    "repeated",
    "bytes",
    "gaps",
    "after_gap",
    "marked",
    "closes",
    "heartbeats",
    "others",
    "ended",
)


class Reader:
    __slots__ = (
        "socket",
        "index",
        "rest",
        "connected",
        "next",
        "events",
        "lost",
        "repeated",
        "bytes",
        "gaps",
        "closes",
        "heartbeats",
        "others",
        "ended",
        "status",
        "reasons",
        "after_gap",
        "marked",
    )

    mark = None  # The number from which on events are counted in `marked`.

    def __init__(self, connection, index):
        self.socket, self.index = connection, index
        self.rest, self.status = b"", None
        self.connected = self.ended = False
        self.next = None
        self.events = self.lost = self.repeated = self.bytes = 0
        self.gaps = self.closes = self.heartbeats = self.others = self.after_gap = self.marked = 0
        self.reasons = []

    def feed(self, data, now, latencies):
        self.bytes += len(data)
        data = self.rest + data if self.rest else data
        if self.status is None:
            head, separator, data = data.partition(b"\r\n\r\n")
            if not separator:
                self.rest = head
                return
            self.status = int(head.split(b" ", 2)[1])
        complete = data.rfind(b"\n\n") + 2
        if complete == 1:
            self.rest = data
            return
        self.rest = data[complete:]
        frames = data[:complete] if self.rest else data
        pairs = NUMBERS.findall(frames)
        if pairs:
            self.check([int(pair[0]) for pair in pairs])
            if latencies is not None:
                for pair in pairs:
                    latencies.append(now - int(pair[1]))
        if frames.count(b"\n\n") != len(pairs):
            self.classify(frames)

    def check(self, numbers):
        first = numbers[0]
        if self.next is None:
            self.next = first
        if numbers == list(range(self.next, self.next + len(numbers))):
            self.events += len(numbers)
            self.next += len(numbers)
        else:
            for number in numbers:
                self.events += 1
                if number < self.next:
                    self.repeated += 1
                else:
                    self.lost += number - self.next
                    self.next = number + 1
        if self.gaps:
            self.after_gap += len(numbers)
        if Reader.mark is not None:
            self.marked += sum(1 for number in numbers if number >= Reader.mark)

    def classify(self, frames):
        for frame in frames.split(b"\n\n")[:-1]:
            if NUMBERS.search(frame):
                continue
            match = EVENTS.search(frame)
            name = match[2] if match else None
            if name == b"connected":
                self.connected = True
            elif name == b"gap":
                self.gaps += 1
                self.reasons.append(json.loads(frame.partition(b"data: ")[2])["reason"])
            elif name == b"server_close":
                self.closes += 1
                self.reasons.append(json.loads(frame.partition(b"data: ")[2].partition(b"\n")[0]))
            elif name == b"heartbeat" or (match and match[3]):
                self.heartbeats += 1
            else:
                self.others += 1

    def summary(self):
        keys = ("index", "status", "connected", "next", *COUNTS, "reasons")
        return {key: getattr(self, key) for key in keys}


class Worker(CommandLoop):
    def __init__(self):
        super().__init__()
        self.readers = []
        self.latencies = None

    def ready(self, reader, _):
        self.read(reader)

    def read(self, reader, limit=1 << 18):
        # A command of the same round may have closed it.
        if reader.ended:
            return
        try:
            data = reader.socket.recv(limit)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            reader.feed(data, time.monotonic_ns(), self.latencies)
        else:
            reader.ended = True
            self.selector.unregister(reader.socket)
            reader.socket.close()

    def do_open(self, host, port, target, count, sources, window, receive_buffer=None, version="HTTP/1.1"):
        """Opens `count` streams, never more than `window` of them unanswered."""
        first = len(self.readers)
        waiting = []
        for offset in range(count):
            connection = socket.socket()
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            connection.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            connection.bind((sources[offset % len(sources)], 0))
            connection.connect((host, port))
            reader = Reader(connection, first + offset)
            path = target.replace("{i}", str(reader.index))
            connection.sendall(f"GET {path} {version}\r\nHost: {host}:{port}\r\n\r\n".encode())
            connection.setblocking(False)
            self.selector.register(connection, selectors.EVENT_READ, reader)
            self.readers.append(reader)
            waiting.append(reader)
            while len(waiting) >= window and offset < count - 1:
                waiting = self.pump(waiting)
        return first

    def do_connected(self, first, count, seconds=60):
        """How many of them are, once all are or it takes too long."""
        waiting = self.readers[first : first + count]
        deadline = time.monotonic() + seconds
        while (waiting := self.pump(waiting)) and time.monotonic() < deadline:
            pass
        return count - len(waiting)

    def pump(self, waiting):
        for key, _ in self.selector.select(0.1):
            if key.data is not None:
                self.read(key.data)
        return [reader for reader in waiting if not reader.connected and not reader.ended]

    def do_pause(self, index):
        self.selector.unregister(self.readers[index].socket)

    def do_resume(self, index):
        self.selector.register(self.readers[index].socket, selectors.EVENT_READ, self.readers[index])

    def do_close(self, first, count):
        for reader in self.readers[first : first + count]:
            if not reader.ended:
                self.selector.unregister(reader.socket)
                reader.socket.close()
                reader.ended = True

    def do_measure(self):
        """Starts to keep latencies, and returns those kept so far, in nanoseconds, as percentiles."""
        kept, self.latencies = sorted(self.latencies or []), []
        if not kept:
            return {"count": 0}
        at = lambda share: kept[min(len(kept) - 1, int(len(kept) * share))]
        return {"count": len(kept), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "max": kept[-1]}

    def do_mark(self, number):
        Reader.mark = number
        for reader in self.readers:
            reader.marked = 0

    def do_summary(self, first, count):
        return [reader.summary() for reader in self.readers[first : first + count]]

    def do_totals(self, first, count):
        readers = self.readers[first : first + count]
        totals = {name: sum(getattr(reader, name) for reader in readers) for name in COUNTS}
        positions = [reader.next or 0 for reader in readers]
        marked = [reader.marked for reader in readers]
        with_gap = sum(1 for reader in readers if reader.gaps)
        with_beat = sum(1 for reader in readers if reader.heartbeats)
        return totals | {
            "least": min(positions),
            "most": max(positions),
            "least_marked": min(marked),
            "with_gap": with_gap,
            "with_heartbeat": with_beat,
        }


if __name__ == "__main__":
    Worker().run()
