"""Publishers that keep going: numbered events at a steady rate, through a real Redis."""

import threading
import time

import redis

from .load import payload


def publish_numbers(client, channel, numbers, size, batch=1):
    """Publishes numbered events of `size` bytes of data as fast as Redis takes them."""
    numbers = list(numbers)
    for start in range(0, len(numbers), batch):
        with client.pipeline(transaction=False) as pipeline:
            for number in numbers[start : start + batch]:
                pipeline.publish(channel, payload(number, size))
            pipeline.execute()


class Feed:
    """Publishes `rate` numbered events a second from a thread until stopped; failures are counted, not raised."""

    def __init__(self, server, channel, *, rate, size, patience=0.5, first=0):
        self.client = redis.Redis(port=server.port, socket_timeout=patience, retry=None)
        self.channel, self.size = channel, size
        self.next = first
        self.failures = 0
        self._batch = max(1, rate // 100)
        self._pause = self._batch / rate
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        due = time.monotonic()
        while not self._stopping.is_set():
            try:
                publish_numbers(
                    self.client, self.channel, range(self.next, self.next + self._batch), self.size, self._batch
                )
            except (redis.RedisError, OSError):
                self.failures += 1
            self.next += self._batch
            # After a stall it goes on at its rate; it does not catch up.
            due = max(due + self._pause, time.monotonic() - 0.05)
            self._stopping.wait(max(0.0, due - time.monotonic()))

    def stop(self):
        """Ends the feed; returns the number that would have been next."""
        self._stopping.set()
        self._thread.join(60)
        self.client.close()
        return self.next
