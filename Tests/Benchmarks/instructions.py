#!/usr/bin/env python3
"""Counts the instructions that the operations of the hot path take, with callgrind: the same on a busy machine as on an idle one.

    Tests/.venv/bin/python Tests/Benchmarks/instructions.py [--write]

Prints them beside the budgets in instructions.json; --write makes the counts the budgets. The test run fails where an
operation takes more than its budget and a quarter.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUDGETS = ROOT / "Tests/Benchmarks/instructions.json"
SCRIPTS = ROOT / "Sources/TributaryRedis/Scripts"
REGISTER = "register a stream in Redis"


def program():
    """`tributary-instructions` of the release build, or beside the hub that TRIBUTARY_BIN names; None if it isn't built."""
    hub = os.environ.get("TRIBUTARY_BIN")
    path = (Path(hub).parent if hub else ROOT / ".build/release") / "tributary-instructions"
    return path if path.exists() else None


def workloads(path):
    """The number and the repetitions of each workload, by name."""
    lines = subprocess.run([path], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: (number, int(times)) for number, times, name in (line.split("\t") for line in lines)}


def callgrind(folder, *options):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *options]


def collected(text):
    """The number of instructions that valgrind tells at the end."""
    found = re.search(r"Collected : (\d+)", text)
    assert found, text[-2000:]
    return int(found[1])


def count(path, number, repetitions):
    """Instructions of one operation of a workload."""
    with tempfile.TemporaryDirectory() as folder:
        # Debian's valgrind stumbles over the debug information of newer compilers.
        stripped = Path(folder) / "workloads"
        subprocess.run(["strip", "--strip-debug", "-o", stripped, path], check=True)
        done = subprocess.run(
            [*callgrind(folder, "--toggle-collect=*measuredRegion*"), stripped, number],
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "SWIFT_DETERMINISTIC_HASHING": "1"},
        )
        return collected(done.stderr) / repetitions


def count_registration():
    """Instructions of Redis for one run of the script that registers a stream, of a user who has four more."""
    script = "\n".join((SCRIPTS / name).read_text() for name in ("streams.lua", "stream_register.lua"))
    few, many = _redis(script, 100), _redis(script, 400)
    return (many - few) / 300


def _redis(script, times):
    import redis

    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/s"
        # Once a second is as seldom as Redis looks around.
        options = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--hz", "1", "--dir", folder]
        server = subprocess.Popen(
            [*callgrind(folder), "redis-server", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            for line in server.stdout:
                if "eady to accept connections" in line:
                    break
            client = redis.Redis(unix_socket_path=socket)
            register = client.register_script(script)
            base = "tributary:{u1:p1}:"
            keys = [base + name for name in ("streams", "instances", "streaminstances", "streammeta")]
            details = '{"node":"n1","channels":["chat","jobs"],"user_agent":"Mozilla/5.0 (X11; Linux x86_64)"}'
            for number in range(times):
                # The sixth drives out the first, as the limit of five has it.
                register(keys, [60_000, f"stream-{number}", f"instance-{number}", details, 5, "evict"])
            try:
                client.shutdown(nosave=True)
            except redis.ConnectionError:
                pass
            return collected(server.communicate(timeout=60)[1])
        finally:
            server.kill()
            server.wait()


def main():
    path = program()
    if path is None:
        sys.exit("tributary-instructions is missing: swift build -c release --static-swift-stdlib --product tributary-instructions")
    budgets = json.loads(BUDGETS.read_text()) if BUDGETS.exists() else {}
    counts = {name: round(count(path, *how)) for name, how in workloads(path).items()}
    counts[REGISTER] = round(count_registration())
    for name, found in counts.items():
        print(f"{found:>9,}  {name}  (budget {budgets.get(name, 0):,})")
    if "--write" in sys.argv:
        BUDGETS.write_text(json.dumps(counts, indent=4) + "\n")


if __name__ == "__main__":
    main()
