"""The process of `Timelines`."""

import http.client
import json
import os
import queue
import random
import selectors
import socket
import struct
import threading
import time
from urllib.parse import urlencode

from .commands import CommandLoop
from .timeline_client import TimelineClient

RESET = struct.pack("ii", 1, 0)
# Long enough for a hub whose Redis hangs to open the stream without it.
GREETING_SECONDS = 12.0
HEARTBEAT_MS = 5_000


class Connection:
    """A client and its connection of now, if it has one."""

    def __init__(self, client, project, addresses, chance, receive_buffer):
        self.client, self.project, self.addresses, self.chance = client, project, addresses, chance
        self.receive_buffer = receive_buffer
        self.socket = None
        self.at = 0
        self.due = 0.0
        self.deadline = 0.0
        self.stalled_until = 0.0
        self.paging = False
        self.generation = 0
        self.failures = {"cut": 0, "refused": 0, "silent": 0, "status": 0, "page": 0}


class Worker(CommandLoop):
    def __init__(self):
        super().__init__()
        self.connections = []
        self.pages, self.answers = queue.Queue(), queue.Queue()
        self.bell, self.ringer = socket.socketpair()
        self.bell.setblocking(False)
        self.selector.register(self.bell, selectors.EVENT_READ, self.bell)
        for _ in range(4):
            threading.Thread(target=self.read_pages, daemon=True).start()

    # What is asked for.

    def do_open(self, addresses, project, clients, seed):
        chance = random.Random(seed)
        for options in clients:
            client = TimelineClient(options["user"], options["channels"])
            self.connections.append(
                Connection(client, project, [tuple(a) for a in addresses], chance, options.get("receive_buffer"))
            )
        return len(self.connections)

    def do_totals(self):
        totals = {"greeted": sum(1 for c in self.connections if c.socket and c.client.greeted)}
        totals["events"] = sum(len(c.client.ids) for c in self.connections)
        for kind in ("counts", "reasons"):
            sums = totals[kind] = {}
            for connection in self.connections:
                for name, count in getattr(connection.client, kind).items():
                    sums[name] = sums.get(name, 0) + count
        totals["failures"] = {
            name: sum(c.failures[name] for c in self.connections) for name in self.connections[0].failures
        }
        totals["wrong"] = [text for c in self.connections for text in c.client.wrong][:10]
        return totals

    def do_cut(self, share, seed):
        chosen = self.choose(share, seed, lambda c: c.socket)
        for index, connection in enumerate(chosen):
            if index % 2:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.lose(connection, "cut")
        return len(chosen)

    def do_stall(self, share, lasting, seed):
        for connection in self.choose(share, seed, lambda c: c.socket and not c.paging):
            connection.stalled_until = time.monotonic() + lasting
            self.watch(connection, False)

    def choose(self, share, seed, suits):
        suitable = [connection for connection in self.connections if suits(connection)]
        return random.Random(seed).sample(suitable, round(len(suitable) * share))

    def do_cursors(self):
        return [connection.client.cursor for connection in self.connections]

    def do_compare(self, path):
        with open(path) as file:
            expected = json.load(file)
        return [c.client.compare(ids) for c, ids in zip(self.connections, expected, strict=True)]

    # Connections.

    def tick(self, now):
        for connection in self.connections:
            if connection.stalled_until:
                if now >= connection.stalled_until:
                    connection.stalled_until = 0.0
                    connection.deadline = now + 2.5 * HEARTBEAT_MS / 1000
                    self.watch(connection, True)
            elif connection.socket is None:
                if now >= connection.due:
                    self.connect(connection, now)
            elif now > connection.deadline and not connection.paging:
                self.lose(connection, "silent")

    def pause(self):
        return 0.02

    def connect(self, connection, now):
        client = connection.client
        client.begin()
        connection.generation += 1
        connection.at = connection.chance.randrange(len(connection.addresses))
        host, port = connection.addresses[connection.at]
        query = {
            "channels": client.channels,
            "project_id": connection.project,
            "user_id": client.user,
            "heartbeat_ms": HEARTBEAT_MS,
        }
        resume = f"Last-Event-ID: {client.cursor}\r\n"
        if not client.cursor or connection.chance.random() < 0.5:
            query["from_seq"], resume = client.cursor, ""
        connection.socket = socket.socket()
        if connection.receive_buffer:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, connection.receive_buffer)
        try:
            connection.socket.settimeout(0.5)
            connection.socket.connect((host, port))
            head = f"GET /stream?{urlencode(query)} HTTP/1.1\r\nHost: {host}:{port}\r\n{resume}\r\n"
            connection.socket.sendall(head.encode())
        except OSError:
            connection.socket.close()
            connection.socket = None
            connection.failures["refused"] += 1
            connection.due = now + connection.chance.uniform(0.05, 0.4)
            return
        connection.socket.setblocking(False)
        connection.deadline = now + GREETING_SECONDS
        self.watch(connection, True)

    def watch(self, connection, reading):
        registered = connection.socket in self.selector.get_map()
        if reading and not registered:
            self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        elif registered and not reading:
            self.selector.unregister(connection.socket)

    def lose(self, connection, kind):
        """Goes away, and comes back when the contract says, or sooner: that is the harder case."""
        client = connection.client
        self.watch(connection, False)
        connection.socket.close()
        connection.socket = None
        connection.paging = False
        connection.stalled_until = 0.0
        wait = connection.chance.uniform(0.0, 0.5)
        if client.close is not None:
            wait = client.close["retry_ms"] / 1000
        else:
            connection.failures[kind] += 1
        connection.due = time.monotonic() + wait

    def ready(self, thing, events):
        if thing is self.bell:
            self.take_pages()
        elif thing.socket is not None and not thing.stalled_until:
            self.read(thing)

    def read(self, connection):
        try:
            data = connection.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lose(connection, "cut")
            return
        client = connection.client
        client.feed(data)
        if client.status not in (None, 200):
            self.lose(connection, "status")
            return
        if client.greeted:
            connection.deadline = time.monotonic() + 2.5 * HEARTBEAT_MS / 1000
        self.want_page(connection)

    # Pages of history, read by threads: a hub that hangs must not hold the other clients.

    def want_page(self, connection):
        if connection.client.wants_page and not connection.paging:
            connection.paging = True
            self.pages.put((connection, connection.generation, connection.client.cursor))

    def read_pages(self):
        while True:
            connection, generation, cursor = self.pages.get()
            client = connection.client
            query = {"project_id": connection.project, "user_id": client.user, "after": cursor, "limit": 1_000}
            query["channels"] = client.channels
            try:
                server = http.client.HTTPConnection(*connection.addresses[connection.at], timeout=8)
                server.request("GET", "/history?" + urlencode(query))
                answer = server.getresponse()
                body = answer.read()
                page = json.loads(body) if answer.status == 200 else None
                server.close()
            except (OSError, http.client.HTTPException, ValueError):
                page = None
            self.answers.put((connection, generation, page))
            os.write(self.ringer.fileno(), b"!")

    def take_pages(self):
        self.bell.recv(1 << 16)
        while not self.answers.empty():
            connection, generation, page = self.answers.get()
            if connection.generation != generation or connection.socket is None:
                continue
            connection.paging = False
            if page is None:
                # The cursor is where the last page ended: a new connection goes on from there.
                self.lose(connection, "page")
                continue
            connection.client.take_page(page)
            connection.deadline = time.monotonic() + 2.5 * HEARTBEAT_MS / 1000
            self.want_page(connection)


if __name__ == "__main__":
    Worker().run()
