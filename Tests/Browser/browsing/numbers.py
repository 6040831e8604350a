"""A publisher of numbered durable events, and the rule that they must follow in every tab."""

import json
import threading
import time

import redis


class Numbers:
    """Publishes `rate` numbered messages a second until it is stopped; `sent` are those that Redis acknowledged."""

    def __init__(self, server, project="p1", rate=50):
        self.client = redis.Redis(port=server.port, socket_timeout=10)
        self.project, self.rate = project, rate
        self.sent = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        due = time.monotonic()
        while not self._stopping.is_set():
            number = len(self.sent) + 1
            data = json.dumps({"n": number})
            self.client.fcall("tributary_publish", 1, "{%s}" % self.project, "chat", "message.new", data)
            self.sent.append(number)
            due += 1 / self.rate
            self._stopping.wait(max(0.0, due - time.monotonic()))

    def stop(self):
        self._stopping.set()
        self._thread.join(20)
        self.client.close()
        return len(self.sent)

    def finish(self, tabs):
        """Stops; by the last one, each tab has those from its first on, once and in order."""
        last = self.stop()
        for tab in tabs:
            tab.wait_for_number(last)
            check_sequence(tab.numbers(), last)


def check_sequence(numbers, last):
    """From the first that a tab saw: each once, in order, none missing."""
    assert numbers, "nothing came"
    assert numbers == list(range(numbers[0], last + 1)), faults(numbers, last)


def faults(numbers, last):
    missing = sorted(set(range(numbers[0], last + 1)) - set(numbers))
    repeated = sorted({n for n in numbers if numbers.count(n) > 1})
    return f"lost {missing[:20]} ({len(missing)}), repeated {repeated[:20]} ({len(repeated)}) of {numbers[0]}…{last}"
