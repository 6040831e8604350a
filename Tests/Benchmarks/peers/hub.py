"""A plain hub on Starlette and sse-starlette: Redis on one side, event streams on the other.

    REDIS=redis://127.0.0.1:6379 uvicorn hub:app

GET /stream?project_id=P  what is published on any channel of the project, as on `chat:P`: {"event":…,"data":…}
"""

import asyncio
import contextlib
import json
import os
from collections import defaultdict, deque

import redis.asyncio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.routing import Route

KEPT = 200


class Project:
    def __init__(self):
        self.streams = set()
        self.log = deque(maxlen=KEPT)
        self.sequence = 0

    def receive(self, message):
        envelope = json.loads(message)
        self.sequence += 1
        data = json.dumps(envelope["data"], separators=(",", ":"))
        # Encoded once for all.
        frame = ServerSentEvent(data, event=envelope["event"], id=str(self.sequence), sep="\n").encode()
        self.log.append((self.sequence, frame))
        for queue in self.streams:
            queue.put_nowait(frame)

    async def events(self, last_id):
        queue = asyncio.Queue()
        self.streams.add(queue)
        missed = [frame for id, frame in self.log if id > last_id] if last_id else []
        try:
            yield b": hello\n\n" + b"".join(missed)
            while True:
                yield await queue.get()
        finally:
            self.streams.discard(queue)


projects = defaultdict(Project)


async def stream(request):
    query = request.query_params
    last_id = request.headers.get("last-event-id") or query.get("last_event_id") or 0
    return EventSourceResponse(projects[query.get("project_id", "default")].events(int(last_id)), ping=3600)


async def listen(subscriber):
    async for message in subscriber.listen():
        if message["type"] == "pmessage":
            projects[message["channel"].decode().partition(":")[2]].receive(message["data"])


@contextlib.asynccontextmanager
async def lifespan(_):
    async with redis.asyncio.from_url(os.environ["REDIS"]) as client, client.pubsub() as subscriber:
        await subscriber.psubscribe("*:*")
        listening = asyncio.create_task(listen(subscriber))
        yield
        listening.cancel()


app = Starlette(routes=[Route("/stream", stream)], lifespan=lifespan)
