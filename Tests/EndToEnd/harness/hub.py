"""The binary under test: `tributary serve`, and the other commands of it."""

import os
import re
import uuid
from pathlib import Path

from .requesting import client
from .processes import Process
from .stream import Stream
from .waiting import until

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("TRIBUTARY_BIN") or REPOSITORY / ".build/release/tributary")


def tributary(*arguments, environment=None, **options):
    """Starts the binary with these arguments."""
    return Process([BINARY, *arguments], name="tributary", environment=environment, **options)


class Hub(Process):
    """A running `tributary serve`; it listens when the constructor returns."""

    def __init__(self, *arguments, redis=None, port=0, environment=None, cpus=None, files=None, seconds=15.0):
        command = [BINARY, "serve", "--port", port, *arguments]
        if redis is not None:
            command += ["--redis", redis if isinstance(redis, str) else redis.url]
        super().__init__(command, name="tributary", environment=environment, cpus=cpus, files=files)
        try:
            where = re.search(r"https?://([0-9.]+):(\d+)", self.line("listens on http", seconds))
            self.address = (where[1], int(where[2]))
            self.url = where[0]
            # One of a hub with TLS is to know its certificate.
            self.client = client
        except BaseException:
            self.kill()
            raise

    @property
    def port(self):
        return self.address[1]

    def stream(self, channels="chat", **options):
        """An open stream, `connected` already read and kept in `.greeting`."""
        if channels is not None:
            options["channels"] = channels
        stream = Stream(self.address, **options)
        assert stream.status == 200, (stream.status, stream.body())
        stream.greeting = stream.connected()
        return stream

    def get(self, path, **query):
        return self.client.get(self.url + path, params=query or None)

    def stats(self, **query):
        answer = self.get("/stats", **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def is_ready(self):
        return self.get("/readyz").status_code == 200

    def wait_until_ready(self, seconds=15.0, publishes=False):
        """Waits until it is; with `publishes` also for what publishes through the log, after Redis was away."""
        until(self.is_ready, seconds, what="/readyz is 200")
        # The log has connections of its own, and may be back a moment later.
        until(lambda: self.get("/history").status_code == 200, seconds, what="/history is 200")
        if publishes:
            until(self._publishes, seconds, what="/publish is 200")
        return self

    def _publishes(self):
        # With a key of its own it goes through the log, which does not keep it.
        body = {"channel": "chat", "project_id": "probe", "event": "typing.stop", "data": {}}
        return client.post(f"{self.url}/publish", json=body | {"client_msg_id": uuid.uuid4().hex}).status_code == 200

    def open_streams(self):
        return self.stats()["streams"]["open"]

    def wait_for_streams(self, count, seconds=5.0):
        until(lambda: self.open_streams() == count, seconds, what=f"{count} streams are open")

    def publish(self, channel, event, data, project="default", **more):
        """`POST /publish` of one event; returns the answer's JSON."""
        body = {"channel": channel, "project_id": project, "event": event, "data": data} | more
        answer = self.client.post(self.url + "/publish", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()
