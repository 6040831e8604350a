"""The handle of a worker process, see `commands.py`."""

import json
import subprocess
import sys
from pathlib import Path

from .processes import Process
from .waiting import until

TESTS = Path(__file__).resolve().parents[1]


class Worker:
    def __init__(self, module, *, cpus=None, niceness=None):
        command = [sys.executable, "-S", "-m", f"harness.{module}"]
        if niceness is not None:
            command = ["nice", "-n", niceness, *command]
        self.process = Process(command, name=module, stdin=subprocess.PIPE, cpus=cpus, cwd=TESTS)
        self._answers = 0

    def ask(self, do, seconds=90.0, **arguments):
        self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self.process.stdin.flush()
        self._answers += 1

        def answered():
            assert self.process.is_running, self.process.said[-4000:]
            return len(self.process.output) >= self._answers

        until(answered, seconds, every=0.005, what=f"{self.process.name} answers {do}")
        # An answer may be megabytes long: it is kept only until it is read.
        answer, self.process.output[self._answers - 1] = self.process.output[self._answers - 1], ""
        return json.loads(answer)

    def stop(self):
        self.process.kill()
