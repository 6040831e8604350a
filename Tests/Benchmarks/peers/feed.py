"""Publishes to Pushpin over ZeroMQ, its way for many messages, what is published in Redis on a project's channels, as on `chat:P`.

    python feed.py REDIS_URL ZMQ_SPEC

Over HTTP, Pushpin closes the connection after each message.
"""

import json
import sys

import redis
import zmq

url, spec = sys.argv[1:]
socket = zmq.Context().socket(zmq.PUSH)
socket.connect(spec)
subscriber = redis.Redis.from_url(url).pubsub()
subscriber.psubscribe("*:*")
for message in subscriber.listen():
    if message["type"] != "pmessage":
        continue
    envelope = json.loads(message["data"])
    data = json.dumps(envelope["data"], separators=(",", ":"))
    content = f"event: {envelope['event']}\ndata: {data}\n\n"
    project = message["channel"].decode().partition(":")[2]
    item = {"channel": project, "formats": {"http-stream": {"content": content}}}
    # J: the item is JSON.
    socket.send(b"J" + json.dumps(item).encode())
