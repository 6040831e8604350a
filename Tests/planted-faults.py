#!/usr/bin/env python3
"""Plants one fault after the other in the hub's core and expects the simulation to find it.

Changes files of this checkout while it runs, and puts them back. Usage: Tests/planted-faults.py [seeds]
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORE = ROOT / "Sources" / "TributaryCore"

# Name, file, what stands there, what stands there instead.
FAULTS = [
    (
        "subscribe after replay instead of before",
        "Hub/Intake.swift",
        "join(channels, of: route, for: shard, when: confirmation)",
        "_ = confirmation\n"
        "            join(channels, of: route, for: shard, when: relay.eventLoop.makeSucceededVoidFuture())",
    ),
    (
        "no prev check",
        "Timeline/Timeline.swift",
        "guard placement.previous?.rawValue ?? 0 == own.id else { return .hole }",
        "if placement.position > own.position { return .next }",
    ),
    (
        "dedupe off by one",
        "Tail/Selection.swift",
        "if let handed, let position = frame.position, position <= handed {",
        "if let handed, let position = frame.position, position < handed {",
    ),
    (
        "cursor advanced before the write",
        "Stream/StreamSession+Log.swift",
        "        stream.shard.reader.read(request) { self.take($0) }",
        "        self.reading?.cursor = .position(reading.through)\n"
        "        stream.shard.reader.read(request) { self.take($0) }",
    ),
]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True
    )


def find(name: str, file: str, old: str, new: str, seeds: str) -> bool:
    path = CORE / file
    source = path.read_text()
    if source.count(old) != 1:
        print(f"{name}: {file} has changed; the fault no longer fits", flush=True)
        return False
    try:
        path.write_text(source.replace(old, new))
        build = run("swift", "build", "--build-tests")
        if build.returncode != 0:
            print(f"{name}: does not build\n{build.stdout[-2000:]}", flush=True)
            return False
        test = run(
            "swift", "test", "--skip-build", "--disable-xctest", "--no-parallel", "--filter", "SimulationTests",
            TRIBUTARY_SIMULATION_SEEDS=seeds,
        )
    finally:
        path.write_text(source)
    found = re.findall(r"seed (\d+): (.*)", test.stdout + test.stderr)
    if test.returncode == 0 or not found:
        print(f"{name}: NOT FOUND in {seeds} seeds", flush=True)
        return False
    print(f"{name}: found, first with seed {found[0][0]}: {found[0][1][:100]}", flush=True)
    return True


def main() -> int:
    seeds = sys.argv[1] if len(sys.argv) > 1 else "2000"
    found = [find(*fault, seeds) for fault in FAULTS]
    run("swift", "build", "--build-tests")
    print(f"{sum(found)} of {len(found)} planted faults found")
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
