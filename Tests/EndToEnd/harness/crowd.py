"""Many streams that remember what they were given, read by one thread of this process."""

import asyncio
import threading
import time
from urllib.parse import urlencode

from .events import parse
from .waiting import until


class Member(asyncio.Protocol):
    """One stream: its answer's status and head, its events in order, and whether it has ended."""

    def __init__(self, hub, target, headers):
        self.hub, self.target, self.headers = hub, target, headers
        self.status, self.head, self.body = None, {}, b""
        self.frames = []
        # When the frame arrived, for each of them.
        self.times = []
        self.has_ended = False
        self.transport = None
        self.answered = asyncio.get_running_loop().create_future()
        self._rest = b""

    def connection_made(self, transport):
        self.transport = transport
        lines = [f"GET {self.target} HTTP/1.1", f"Host: {self.hub.address[0]}:{self.hub.address[1]}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        transport.write("\r\n".join(lines + ["", ""]).encode())

    def data_received(self, data):
        data = self._rest + data
        if self.status is None:
            head, separator, data = data.partition(b"\r\n\r\n")
            if not separator:
                self._rest = head
                return
            status, *fields = head.decode().split("\r\n")
            self.head = {name.lower(): value for name, value in (line.split(": ", 1) for line in fields)}
            self.status = int(status.split()[1])
        if self.status != 200:
            self.body, self._rest = data, data
            if len(data) >= int(self.head.get("content-length", 0)):
                self._answer()
            return
        *complete, self._rest = data.split(b"\n\n")
        now = time.monotonic()
        for raw in complete:
            frame = parse(raw + b"\n\n")
            if frame.event is not None:
                self.times.append(now)
                self.frames.append(frame)
        if self.frames:
            self._answer()

    def connection_lost(self, _):
        self.has_ended = True
        self._answer()

    def _answer(self):
        if not self.answered.done():
            self.answered.set_result(None)

    @property
    def greeting(self):
        return self.frames[0].json

    @property
    def id(self):
        return self.greeting["connection_id"]

    def all(self, *names):
        return [frame for frame in list(self.frames) if frame.event in names]

    @property
    def closings(self):
        """What each `server_close` said; a stream has at most one."""
        return [frame.json for frame in self.all("server_close")]

    @property
    def reason(self):
        """Why the hub closed it; None if it did not."""
        closings = self.closings
        assert len(closings) <= 1, closings
        return closings[0]["reason"] if closings else None

    def wait_for(self, name, count=1, seconds=10.0):
        """The event of this name, the `count`th one."""
        return until(lambda: self.all(name)[count - 1 :], seconds, what=f"{count} {name}; have {self.names}")[0]

    @property
    def names(self):
        return [frame.event for frame in list(self.frames)]


class Crowd:
    """Opens streams by the hundred, and keeps them until they end or are closed."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.members = []
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, task, seconds=60.0):
        return asyncio.run_coroutine_threadsafe(task, self.loop).result(seconds)

    def open(self, hubs, count=1, *, window=100, seconds=60.0, headers=None, **query):
        """Opens streams, `{i}` in a query value is the stream's number; each is greeted, or was refused, on return.

        With several hubs, the streams go to each in turn.
        """
        hubs = hubs if isinstance(hubs, (list, tuple)) else [hubs]
        queries = [
            (hubs[i % len(hubs)], {name: str(value).replace("{i}", str(i)) for name, value in query.items()})
            for i in range(count)
        ]
        members = self.run(self._open(queries, window, headers or {}), seconds)
        self.members += members
        return members

    def one(self, hub, **options):
        """One open stream, greeted."""
        (member,) = self.open(hub, 1, **options)
        assert member.status == 200, (member.status, member.body)
        return member

    async def _open(self, queries, window, headers):
        room = asyncio.Semaphore(window)

        async def enter(hub, query):
            async with room:
                return await self.enter(hub, query, headers)

        return await asyncio.gather(*(enter(hub, query) for hub, query in queries))

    async def enter(self, hub, query, headers=None):
        """One stream, on the crowd's own loop."""
        target = "/stream?" + urlencode(query, safe=",")
        member = Member(hub, target, headers or {})
        await self.loop.create_connection(lambda: member, *hub.address)
        await asyncio.wait_for(member.answered, 30)
        return member

    def close(self, *members):
        """The clients go away, as a browser does."""

        async def close():
            for member in members:
                member.transport.close()

        self.run(close())

    def pause(self, member):
        """Reads nothing of it any more."""
        self.loop.call_soon_threadsafe(member.transport.pause_reading)

    def resume(self, member):
        self.loop.call_soon_threadsafe(member.transport.resume_reading)

    def stop(self):
        async def end():
            for member in self.members:
                if not member.transport.is_closing():
                    member.transport.abort()
            await asyncio.sleep(0)

        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
