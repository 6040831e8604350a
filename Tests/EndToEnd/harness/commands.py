"""A worker process driven by lines of JSON: one question a line on its standard input, one answer a line back."""

import json
import os
import resource
import selectors
import sys
import time


class CommandLoop:
    """A selector loop. `do_<name>` answers a question; sockets are registered with an object that `ready` is given."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self._input = b""
        os.set_blocking(0, False)
        self.selector.register(0, selectors.EVENT_READ, None)

    def run(self):
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        while True:
            self.turn(0.5)

    def turn(self, longest):
        """Waits for something to do, at most `longest` seconds, and does it."""
        for key, events in self.selector.select(min(longest, self.pause())):
            if key.data is None:
                self._take_commands()
            else:
                self.ready(key.data, events)
        self.tick(time.monotonic())

    def pause(self):
        """Seconds until `tick` has something to do."""
        return 0.5

    def tick(self, now):
        """Called after every turn."""

    def ready(self, thing, events):
        raise NotImplementedError

    def _take_commands(self):
        data = os.read(0, 1 << 16)
        if not data:
            sys.exit(0)
        self._input += data
        while b"\n" in self._input:
            line, _, self._input = self._input.partition(b"\n")
            command = json.loads(line)
            answer = getattr(self, "do_" + command.pop("do"))(**command)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
