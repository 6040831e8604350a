"""One event stream over a plain socket: what arrives is seen byte by byte."""

import socket
import time
from urllib.parse import urlencode

from .events import parse


# What the hub says by itself, in its own time, to every stream with the channel `presence`.
PRESENCE = ("presence.snapshot", "presence.changed")


class Stream:
    """`GET /stream`, or another path, and the frames of its answer."""

    def __init__(
        self,
        address,
        path="/stream",
        *,
        headers=None,
        source=None,
        receive_buffer=None,
        method="GET",
        seconds=10.0,
        connection=None,
        version="HTTP/1.1",
        **query,
    ):
        self.seconds = seconds
        self.target = path + (f"?{urlencode(query)}" if query else "")
        if connection is None:
            connection = socket.socket()
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if source:
                connection.bind((source, 0))
            connection.settimeout(seconds)
            connection.connect(address)
        self.socket = connection
        self.rest = b""
        self.frames = []
        lines = [f"{method} {self.target} {version}", f"Host: {address[0]}:{address[1]}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
        head, self.rest = self._read_past(b"\r\n\r\n", seconds)
        status, *fields = head.decode().removesuffix("\r\n\r\n").split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in fields)}

    def _read_past(self, separator, seconds):
        deadline = time.monotonic() + seconds
        while separator not in self.rest:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                received = self.socket.recv(1 << 16)
            except TimeoutError:
                raise TimeoutError(
                    f"nothing ends with {separator!r} after {seconds} s; have {self.rest[-300:]!r}"
                ) from None
            if not received:
                raise EOFError(f"the stream ended; left over: {self.rest[-300:]!r}")
            self.rest += received
        head, _, rest = self.rest.partition(separator)
        return head + separator, rest

    def next(self, seconds=None):
        """The next frame of any kind."""
        raw, self.rest = self._read_past(b"\n\n", self.seconds if seconds is None else seconds)
        frame = parse(raw)
        self.frames.append(frame)
        return frame

    def event(self, name=None, seconds=None):
        """The next frame that is an event (of this name); heartbeats and other frames before it are passed over.

        So is who is there, which every stream with `presence` is told after `connected`, unless it is asked for.
        """
        deadline = time.monotonic() + (self.seconds if seconds is None else seconds)
        while True:
            frame = self.next(max(0.001, deadline - time.monotonic()))
            if frame.event == "presence.snapshot" and name is None:
                continue
            if frame.event is not None and name in (None, frame.event):
                return frame

    def connected(self):
        """The `connected` event, which is the first frame."""
        frame = self.next()
        assert frame.event == "connected", frame
        return frame

    def silence(self, seconds):
        """Fails if an event arrives within `seconds`; heartbeats are no events, and who comes and goes is no news."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                frame = self.next(left)
            except TimeoutError:
                return
            assert frame.is_heartbeat or frame.event in PRESENCE, f"unexpected {frame}"

    def end(self, seconds=None):
        """Reads to the end of the stream and returns the frames before it."""
        before = len(self.frames)
        deadline = time.monotonic() + (self.seconds if seconds is None else seconds)
        try:
            while True:
                self.next(max(0.001, deadline - time.monotonic()))
        except EOFError:
            assert self.rest == b"", f"a torso at the end: {self.rest!r}"
        return self.frames[before:]

    def body(self):
        """The rest of an answer that has a length; for answers that are no streams."""
        length = int(self.headers.get("content-length", 0))
        while len(self.rest) < length:
            received = self.socket.recv(1 << 16)
            if not received:
                break
            self.rest += received
        body, self.rest = self.rest[:length], self.rest[length:]
        return body

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
