"""In a network namespace of its own: a client's packets vanish, and the hub has to notice. Prints a line of JSON."""

import json
import subprocess
import sys
import time
from pathlib import Path

# By path: the namespace is entered by a program that knows nothing of pytest's paths.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import hub as hub_module  # noqa: E402
from harness.stream import Stream  # noqa: E402
from harness.waiting import until  # noqa: E402


def main(binary, iptables):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    hub_module.BINARY = Path(binary)
    hub = hub_module.Hub()
    try:
        with Stream(hub.address, source="127.0.0.2") as living, Stream(hub.address, source="127.0.0.9") as dying:
            living.connected()
            dying.connected()
            for direction in ("-s", "-d"):
                subprocess.run([iptables, "-A", "INPUT", direction, "127.0.0.9", "-j", "DROP"], check=True)
            began = time.monotonic()
            until(lambda: hub.open_streams() == 1, 90, every=0.2, what="the dead one is gone")
            gone = time.monotonic() - began
            # The living one hears its heartbeat at 25 s and takes it.
            until(lambda: living.next(40).is_heartbeat, 40, what="a heartbeat")
            stats = hub.stats()["streams"]
            print(
                json.dumps({"dead_after_seconds": gone, "open": stats["open"], "closed_total": stats["closed_total"]})
            )
    finally:
        hub.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
