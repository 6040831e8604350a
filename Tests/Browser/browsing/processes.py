"""What can happen to a tab's process, and how to find it."""

import os
import signal
from pathlib import Path


class Renderers:
    """Chromium's renderer processes, by what they compute."""

    def __init__(self, browser):
        self.session = browser.new_browser_cdp_session()

    def times(self):
        found = self.session.send("SystemInfo.getProcessInfo")["processInfo"]
        return {entry["id"]: entry["cpuTime"] for entry in found if entry["type"] == "renderer"}

    def of(self, tab):
        """The process that becomes busy with the tab. Tabs of one site may share it."""
        before = self.times()
        tab("() => { const end = performance.now() + 400; while (performance.now() < end); }")
        after = self.times()
        return max(after, key=lambda pid: after[pid] - before.get(pid, 0))

    def others(self, tab, tabs):
        """Those of the tabs that live elsewhere."""
        pid = self.of(tab)
        return pid, [other for other in tabs if other is not tab and self.of(other) != pid]


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def stop(pid):
    os.kill(pid, signal.SIGSTOP)


def go_on(pid):
    os.kill(pid, signal.SIGCONT)


def is_stopped(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
