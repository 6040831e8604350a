"""Child processes that cannot outlive the tests.

Each is the leader of a group of its own, is killed by the kernel if pytest dies, and carries a mark in its environment,
so that `survivors` finds it and whatever it started.
"""

import os
import signal
import subprocess
import threading
import uuid
from pathlib import Path

from .waiting import until

# Not TRIBUTARY_…: the hub takes those for settings.
MARK = "END_TO_END_RUN"
MARK_VALUE = os.environ.get(MARK) or uuid.uuid4().hex


class Process:
    """A running command; what it prints is collected, line by line."""

    def __init__(self, command, *, environment=None, name=None, cpus=None, stdin=None, cwd=None, files=None):
        command = [str(part) for part in command]
        self.name = name or Path(command[0]).name
        prefix = ["setpriv", "--pdeathsig", "KILL", "--"]
        if cpus is not None:
            prefix += ["taskset", "--cpu-list", cpus]
        if files is not None:
            prefix += ["prlimit", f"--nofile={files}:{files}"]
        variables = {key: value for key, value in os.environ.items() if not key.startswith("TRIBUTARY_")}
        variables |= {MARK: MARK_VALUE} | (environment or {})
        self._popen = subprocess.Popen(
            prefix + command,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            cwd=cwd,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        self.stdin = self._popen.stdin
        self.output, self.errors = [], []
        self._readers = [
            threading.Thread(target=self._collect, args=pair, daemon=True)
            for pair in ((self._popen.stdout, self.output), (self._popen.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _collect(pipe, lines):
        for line in pipe:
            lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    @property
    def is_running(self):
        return self._popen.poll() is None

    @property
    def said(self):
        return "\n".join(self.output + self.errors)

    def signal(self, number):
        self._popen.send_signal(number)

    def wait(self, seconds=10.0):
        """The exit code, once everything that was printed has been collected."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {seconds} s:\n{self.said[-4000:]}") from None
        for reader in self._readers:
            reader.join(2)
        return code

    def line(self, holding, seconds=10.0):
        """The first line printed that holds the text."""

        def printed():
            return next((line for line in list(self.output) + list(self.errors) if holding in line), None)

        def search():
            found = printed()
            if found is None and not self.is_running:
                # What it printed last may not have been collected yet.
                self.wait()
                found = printed()
                if found is None:
                    raise AssertionError(f"{self.name} ended with {self._popen.returncode}:\n{self.said[-4000:]}")
            return found

        return until(search, seconds, what=f"{self.name} prints {holding!r}")

    def stop(self, seconds=15.0):
        """Ends it politely, or else by force. Safe to call twice."""
        if self.is_running:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self._popen.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self):
        """Ends the whole group at once. Safe to call twice."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.wait()

    @property
    def resident_bytes(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"{self.name} has no memory: it ended")

    @property
    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def survivors():
    """Processes started by this run that still run, as `{pid: command line}`."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if f"{MARK}={MARK_VALUE}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found
