"""The attacking client: connections that all do the same, driven by lines of JSON on its standard input."""

import re
import resource
import selectors
import socket
import struct
import time
from dataclasses import dataclass, field

from .commands import CommandLoop

CODE = re.compile(rb'"error":"(\w+)"')
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# What is handed to the kernel at once: an endless body is not built in memory.
CHUNK = 1 << 16
# Connections that begin in one turn: others get their turn too.
BURST = 64


@dataclass
class Plan:
    host: str
    port: int
    # Connections in all, and at a time; those that end make room for the next.
    count: int
    at_once: int
    # What each sends: texts, each so many times; first the one, then the other again and again.
    opening: list
    then: list = field(default_factory=list)
    # Seconds between two bytes of `then`; all of it at once, and `then_count` times, without.
    drip: float | None = None
    then_count: int = 0
    # Sends `opening` again for each answer, so many times in all.
    requests: int = 1
    # Whether answers are read; one that isn't read has only the kernel's smallest buffer.
    reads: bool = True
    # Leaves by itself, with a reset, once it has sent all and `requests` answers have come (at once if none is awaited).
    leaves: bool = False
    source: str | None = None


class Attacker:
    __slots__ = ("socket", "sending", "rest", "answers", "requests", "due", "mask", "began")

    def __init__(self, connection):
        self.socket = connection
        self.sending = None
        self.rest = b""
        self.answers = 0
        self.requests = 1
        self.due = None
        self.mask = 0
        self.began = False


def pieces(parts):
    """The bytes of texts, each so many times, in pieces of bounded length."""
    for text, times in parts:
        data = text.encode("latin-1")
        each = max(1, CHUNK // max(1, len(data)))
        while times > 0:
            yield data * min(each, times)
            times -= each


class Worker(CommandLoop):
    def __init__(self):
        super().__init__()
        self.plan = None
        self.attackers = set()

    # Commands

    def do_begin(self, **plan):
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.plan = Plan(**plan)
        assert self.plan.at_once < files - 50, f"{files} files are too few"
        self.started = self.ended = self.unanswered = self.sent = self.failed = 0
        self.answers = {}
        self.opening = list(pieces(self.plan.opening)) if self.plan.opening else []
        self.drip = "".join(text * times for text, times in self.plan.then).encode("latin-1")
        self.next_drip = time.monotonic() + (self.plan.drip or 0)
        self.dripped = 0

    def do_progress(self):
        return {
            "started": self.started,
            "open": len(self.attackers),
            "ended": self.ended,
            "unanswered": self.unanswered,
            "failed": self.failed,
            "sent": self.sent,
            "answers": self.answers,
        }

    def do_end(self):
        for attacker in list(self.attackers):
            self.drop(attacker, counts=False)
        result = self.do_progress()
        self.plan = None
        return result

    # Turns

    def pause(self):
        if self.plan is None:
            return 0.5
        return 0 if self.started < self.plan.count and len(self.attackers) < self.plan.at_once else 0.05

    def tick(self, now):
        plan = self.plan
        if plan is None:
            return
        for _ in range(min(BURST, plan.count - self.started, plan.at_once - len(self.attackers))):
            self.connect()
        if plan.drip is not None and now >= self.next_drip:
            self.next_drip = now + plan.drip
            byte = self.drip[self.dripped % len(self.drip) :][:1]
            self.dripped += 1
            for attacker in list(self.attackers):
                if attacker.began and attacker.sending is None:
                    self.write(attacker, byte)

    def connect(self):
        self.started += 1
        connection = socket.socket()
        connection.setblocking(False)
        if not self.plan.reads:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_304)
        if self.plan.source:
            connection.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            connection.bind((self.plan.source, 0))
        attacker = Attacker(connection)
        self.attackers.add(attacker)
        try:
            connection.connect((self.plan.host, self.plan.port))
        except BlockingIOError:
            pass
        except OSError:
            self.failed += 1
            return self.drop(attacker)
        self.watch(attacker, selectors.EVENT_WRITE)

    def watch(self, attacker, mask):
        if self.plan.reads:
            mask |= selectors.EVENT_READ
        if mask == attacker.mask:
            return
        if attacker.mask == 0:
            self.selector.register(attacker.socket, mask, attacker)
        elif mask == 0:
            self.selector.unregister(attacker.socket)
        else:
            self.selector.modify(attacker.socket, mask, attacker)
        attacker.mask = mask

    def ready(self, attacker, events):
        # A drop earlier in the same turn.
        if attacker not in self.attackers:
            return
        if events & selectors.EVENT_READ and not self.read(attacker):
            return
        if events & selectors.EVENT_WRITE:
            if not attacker.began:
                attacker.began = True
                attacker.sending = self.script()
            self.send(attacker)

    def script(self):
        yield from self.opening
        if self.plan.drip is None:
            for _ in range(self.plan.then_count):
                yield from pieces(self.plan.then)

    def send(self, attacker):
        """Sends until the kernel takes no more, or there is no more."""
        for _ in range(16):
            if attacker.due is None:
                attacker.due = next(attacker.sending, None) if attacker.sending else None
            if attacker.due is None:
                attacker.sending = None
                self.watch(attacker, 0)
                if self.plan.leaves and self.plan.requests == 0:
                    self.drop(attacker)
                return
            if not self.write(attacker, attacker.due):
                return

    def write(self, attacker, data):
        """Whether all of it went out."""
        try:
            sent = attacker.socket.send(data)
        except BlockingIOError:
            return False
        except OSError:
            # What the hub said before it closed may still be there.
            if self.read(attacker):
                self.drop(attacker)
            return False
        self.sent += sent
        attacker.due = data[sent:] if sent < len(data) and attacker.sending is not None else None
        return sent == len(data)

    def read(self, attacker):
        """Whether the connection goes on."""
        try:
            data = attacker.socket.recv(CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            self.drop(attacker)
            return False
        attacker.rest += data
        while (end := attacker.rest.find(b"\r\n\r\n")) >= 0:
            head = attacker.rest[:end]
            length = LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(attacker.rest) < whole:
                break
            body, attacker.rest = attacker.rest[end + 4 : whole], attacker.rest[whole:]
            self.note(attacker, head.split(b" ", 2)[1], CODE.search(body))
            if self.plan.leaves and attacker.answers >= self.plan.requests:
                self.drop(attacker)
                return False
            if attacker.requests < self.plan.requests:
                attacker.requests += 1
                attacker.sending = self.script()
                self.send(attacker)
                if attacker not in self.attackers:
                    return False
                if attacker.sending:
                    self.watch(attacker, selectors.EVENT_WRITE)
        # A stream's frames are not kept.
        if attacker.answers and b"\r\n" not in attacker.rest:
            attacker.rest = attacker.rest[-4_096:]
        return True

    def note(self, attacker, status, code):
        attacker.answers += 1
        name = status.decode() + (f" {code[1].decode()}" if code else "")
        self.answers[name] = self.answers.get(name, 0) + 1

    def drop(self, attacker, counts=True):
        self.attackers.discard(attacker)
        if attacker.mask:
            self.selector.unregister(attacker.socket)
        # A reset: no port is left waiting, and nothing is sent any more.
        attacker.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        attacker.socket.close()
        if counts:
            self.ended += 1
            if attacker.answers == 0:
                self.unanswered += 1


if __name__ == "__main__":
    Worker().run()
