"""Publishers that call `tributary_publish` until they are answered, whatever happens to Redis."""

import json
import random
import threading
import time
import uuid

import redis

# What the durable events of a channel are called. Outside of chat and jobs the test's catalog makes them durable.
DURABLE = {
    "chat": "message.new",
    "jobs": "job.started",
    "presence": "presence.moved",
    "advisor": "advisor.matched",
    "github-sync": "github-sync.status",
}
EPHEMERAL = {"chat": "typing.start", "jobs": "job.progress", "presence": "presence.changed"}


class Publishers:
    """Threads with a connection each, which together publish `rate` durable and `ephemeral` other events a second.

    Each event has a number `n` of its own in its data. Some are for one user only.
    """

    def __init__(self, server, project, *, rate, ephemeral=0, channels=tuple(DURABLE), users=(), count=4, seed=0):
        self.server, self.project, self.channels, self.users = server, project, channels, users
        self.acknowledged = {}
        self.retries = 0
        self.duplicates = 0
        self.refusals = []
        self.shouted = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._publish, args=(index, count, count / rate, random.Random(seed + index)))
            for index in range(count)
        ]
        if ephemeral:
            self._threads.append(threading.Thread(target=self._shout, args=(1 / ephemeral, random.Random(seed - 1))))
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def _connect(self):
        return redis.Redis(port=self.server.port, socket_timeout=1, socket_connect_timeout=1, retry=None)

    def _pace(self, pause):
        """Yields at a steady pace, and makes up for what was held up."""
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            yield
            due += pause

    def _publish(self, index, count, pause, chance):
        client, number = self._connect(), index
        for _ in self._pace(pause):
            channel = chance.choice(self.channels)
            key = str(uuid.UUID(int=chance.getrandbits(128)))
            call = ["tributary_publish", 1, f"{{{self.project}}}", channel, DURABLE[channel]]
            call += [json.dumps({"n": number, "client_msg_id": key}), "CLIENT_MSG_ID", key]
            if self.users and chance.random() < 0.1:
                call += ["TO", f"user:{chance.choice(self.users)}"]
            if (answer := self._until_answered(client, call)) is None:
                break
            with self._lock:
                self.acknowledged[number] = int(answer[0])
                self.duplicates += int(answer[1])
            number += count
        client.close()

    def _until_answered(self, client, call):
        """The answer; also after `stop`, for a while, so that nothing is left in doubt."""
        patience = None
        while True:
            try:
                return client.execute_command("FCALL", *call)
            except redis.ResponseError as error:
                with self._lock:
                    self.refusals.append(str(error))
            except (redis.RedisError, OSError):
                pass
            with self._lock:
                self.retries += 1
            if self._stopping.is_set():
                patience = patience or time.monotonic() + 20
                if time.monotonic() > patience:
                    return None
            time.sleep(0.05)

    def _shout(self, pause, chance):
        """Ephemeral events, at most once: what fails is forgotten."""
        client = self._connect()
        for number, _ in enumerate(self._pace(pause)):
            channel = chance.choice([name for name in self.channels if name in EPHEMERAL])
            try:
                client.publish(
                    f"{channel}:{self.project}", json.dumps({"event": EPHEMERAL[channel], "data": {"n": number}})
                )
                self.shouted += 1
            except (redis.RedisError, OSError):
                self._stopping.wait(0.05)
        client.close()

    def stop(self):
        """Ends them once each has its last answer. Safe to call twice."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
