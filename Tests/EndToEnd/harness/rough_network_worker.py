"""The process of `RoughNetwork`."""

import collections
import random
import selectors
import socket
import struct
import time

from .commands import CommandLoop

# What may wait for a reader that does not read; then the writer has to wait, too.
ROOM = 1 << 17
RESET = struct.pack("ii", 1, 0)


class End:
    """One of the two sockets of a connection. `waiting` is what the other end sent, with the time when it may go on."""

    def __init__(self, connection, is_client):
        self.socket, self.is_client = connection, is_client
        self.other = None
        self.waiting = collections.deque()
        self.size = 0
        self.closed = self.finished = False
        self.interest = 0


class Worker(CommandLoop):
    def __init__(self):
        super().__init__()
        self.targets = {}
        self.ends = set()
        self.held = set()
        self.held_back, self.delayed_until = 0.0, 0.0

    def do_listen(self, targets):
        ports = []
        for target in targets:
            listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
            listener.setblocking(False)
            self.targets[listener] = tuple(target)
            self.selector.register(listener, selectors.EVENT_READ, listener)
            ports.append(listener.getsockname()[1])
        return ports

    def do_delay(self, by, lasting):
        self.held_back, self.delayed_until = by, time.monotonic() + lasting

    def do_cut(self, share, seed, reset):
        clients = sorted((end for end in self.ends if end.is_client), key=lambda end: end.socket.fileno())
        chosen = random.Random(seed).sample(clients, round(len(clients) * share))
        for end in chosen:
            # Whoever waits for the rest of a frame gets its first half.
            if not reset and end.waiting and not end.other.waiting:
                data = end.waiting[0][1]
                try:
                    end.socket.send(data[: len(data) // 2])
                except OSError:
                    pass
            self.close(end, reset)
        return len(chosen)

    def ready(self, thing, events):
        if isinstance(thing, End):
            if events & selectors.EVENT_READ and not thing.closed:
                self.read(thing)
            if events & selectors.EVENT_WRITE and not thing.closed:
                self.write(thing)
        else:
            self.accept(thing)

    def accept(self, listener):
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        try:
            # The targets are on this machine: they answer at once or not at all.
            server = socket.create_connection(self.targets[listener], 0.5)
        except OSError:
            connection.close()
            return
        ends = End(connection, True), End(server, False)
        for end, end.other in (ends, reversed(ends)):
            end.socket.setblocking(False)
            end.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.ends.add(end)
            self.watch(end)

    def watch(self, end):
        """Reads while the other side has room, writes while something may go."""
        interest = 0
        if not end.closed:
            if end.other.size < ROOM and not end.finished:
                interest |= selectors.EVENT_READ
            if end.waiting and end.waiting[0][0] <= time.monotonic():
                interest |= selectors.EVENT_WRITE
        if interest == end.interest:
            return
        if not end.interest:
            self.selector.register(end.socket, interest, end)
        elif not interest:
            self.selector.unregister(end.socket)
        else:
            self.selector.modify(end.socket, interest, end)
        end.interest = interest

    def read(self, end):
        try:
            data = end.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            self.close(end, True)
            return
        now = time.monotonic()
        due = now + self.held_back if now < self.delayed_until else 0.0
        other = end.other
        if other.waiting:
            # Nothing overtakes what is held back.
            due = max(due, other.waiting[-1][0])
        other.waiting.append((due, data))
        other.size += len(data)
        if not data:
            end.finished = True
            self.watch(end)
        if due:
            self.held.add(other)
        self.write(other)

    def write(self, end):
        now = time.monotonic()
        while end.waiting and end.waiting[0][0] <= now:
            due, data = end.waiting[0]
            if not data:
                self.close(end, False)
                return
            try:
                sent = end.socket.send(data)
            except BlockingIOError:
                break
            except OSError:
                self.close(end, True)
                return
            end.size -= sent
            if sent < len(data):
                end.waiting[0] = (due, data[sent:])
                break
            end.waiting.popleft()
        self.watch(end)
        self.watch(end.other)

    def pause(self):
        now = time.monotonic()
        due = (end.waiting[0][0] - now for end in self.held if end.waiting)
        # What is overdue waits for its socket to take it.
        return min((seconds for seconds in due if seconds > 0), default=0.5)

    def tick(self, now):
        for end in list(self.held):
            if end.closed or not end.waiting:
                self.held.discard(end)
            elif end.waiting[0][0] <= now:
                if not end.waiting[-1][0] > now:
                    self.held.discard(end)
                self.write(end)

    def close(self, end, reset):
        for one in (end, end.other):
            if one.closed:
                continue
            one.closed = True
            self.watch(one)
            self.ends.discard(one)
            self.held.discard(one)
            if reset:
                one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.socket.close()


if __name__ == "__main__":
    Worker().run()
