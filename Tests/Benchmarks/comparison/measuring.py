"""One run of a scenario against a server: started anew, loaded by `tributary bench`, ended."""

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


def measure(server, scenario, cores):
    """One run against a server of its own: the bench's result as it printed it; a `failure` in its place where there is none."""
    try:
        return _measure(server, scenario, cores)
    except (Failed, AssertionError) as error:
        return {"failure": str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__}


# Of what should not happen at all, the worst run's counts.
WORST = {"streams_failed", "streams_ended", "refused", "lost", "repeated", "disordered", "gaps", "max"}


def middle(results):
    """The medians of several runs' results, and a failure if there is one."""
    for result in results:
        if "failure" in result:
            return result
    combined = _medians(results)
    return combined | {"runs": [run for result in results for run in result["runs"]]}


def _medians(values):
    first = values[0]
    medians = {}
    for key, value in first.items():
        found = [value[key] for value in values if value.get(key) is not None]
        if isinstance(value, dict):
            medians[key] = _medians(found)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            medians[key] = value
        else:
            medians[key] = max(found) if key in WORST else statistics.median(found)
    return medians


def _measure(server, scenario, cores):
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
                    *("--no-ceiling", *scenario.arguments, *publish),
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
