"""One scenario against one server: started anew, loaded by `tributary bench`, ended."""

import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from . import tools
from .servers import Bed

# Much longer than any scenario takes; a peer that hangs is not waited for.
LIMIT = 300


class Failed(Exception):
    """A scenario that could not be measured, and why."""


def measure(server, scenario, cores, runs):
    """The bench's result as it printed it; a `failure` in its place where there is none."""
    try:
        if not scenario.restarts:
            return _once(server, scenario, cores, runs)
        results = [_once(server, scenario, cores, 1) for _ in range(runs)]
    except (Failed, AssertionError) as error:
        return {"failure": str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__}
    results.sort(key=lambda result: result.get("rss_per_stream_bytes") or 0)
    middle = statistics.median_low(range(len(results)))
    return results[middle] | {"runs": [run for result in results for run in result["runs"]]}


def _once(server, scenario, cores, runs):
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        bed = Bed(Path(folder), *cores)
        with bed.stack:
            running = server.start(bed)
            publish = getattr(running, scenario.needs) if scenario.needs else []
            if publish is None:
                raise Failed("it gives events no ids")
            return bench(
                [
                    *(scenario.bench, "--url", running.url, "--header", "Accept: text/event-stream"),
                    *("--server-pid", ",".join(map(str, running.pids)), "--generator-cpu", cores[1]),
                    *("--runs", str(runs), "--no-ceiling", *scenario.arguments, *publish),
                    *(("--window", str(running.window)) if running.window else ()),
                ]
            )


def bench(arguments):
    command = [str(tools.tributary()), "bench", *arguments, "--json", "--quiet"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise Failed(f"not done within {LIMIT} s") from None
    if done.returncode != 0:
        raise Failed(done.stderr or f"exit code {done.returncode}")
    return json.loads(done.stdout)
