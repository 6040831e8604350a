"""The command line, and the result file."""

import argparse
import datetime
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from . import measuring, report, tools
from .scenarios import SCENARIOS
from .servers import SERVERS

RESULTS = tools.ROOT / "Tests/Benchmarks/results"


def parse():
    parser = argparse.ArgumentParser(
        prog="Tests/Benchmarks/compare",
        description="Measures Tributary beside nchan, Pushpin, a Node hub, a Starlette hub and a minimal hub in C, all on this "
        "machine. Installs what is missing from Debian and PyPI, builds what it needs, and ends all that it starts. Writes "
        "comparison.json and comparison.md; what was measured before stays in them until it is measured again.",
        epilog="Servers: " + ", ".join(server.name for server in SERVERS) + ". Scenarios: "
        + ", ".join(scenario.name for scenario in SCENARIOS) + ". TRIBUTARY_BIN names a hub that is already built.",
    )
    parser.add_argument("--servers", metavar="NAME,…", help="only these")
    parser.add_argument("--scenarios", metavar="NAME,…", help="only these")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each, for the median (default: 5)")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="default: Tests/Benchmarks/results")
    parser.add_argument("--server-cpu", default="0", metavar="CORE", help="default: 0")
    parser.add_argument("--load-cpu", default="1", metavar="CORE", help="of the generator and of Redis (default: 1)")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    return parser.parse_args()


def chosen(all_of, names):
    if names is None:
        return all_of
    wanted = names.split(",")
    for name in wanted:
        if name not in {one.name for one in all_of}:
            sys.exit(f"compare: there is no {name}; see --help")
    return [one for one in all_of if one.name in wanted]


def pin(*cpus):
    for cpu in cpus:
        if not cpu.isdigit() or int(cpu) not in os.sched_getaffinity(0):
            sys.exit(f"compare: this machine has no core {cpu} for it")


def main():
    options = parse()
    pin(options.server_cpu, options.load_cpu)
    servers, scenarios = chosen(SERVERS, options.servers), chosen(SCENARIOS, options.scenarios)
    tools.install_packages()
    tools.minimal()
    os.environ["TRIBUTARY_BIN"] = str(tools.tributary())
    # Children have it from here: one file for each stream.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / "comparison.json"
    document = json.loads(path.read_text()) if path.exists() and not options.fresh else {"results": {}}
    generator = document.get("generator") or measuring.bench(
        ["ceiling", "--generator-cpu", options.load_cpu, "--server-cpu", options.server_cpu]
    )
    document |= {
        "date": datetime.date.today().isoformat(),
        "command": "Tests/Benchmarks/compare" + (f" --runs {options.runs}" if options.runs != 5 else ""),
        "runs": options.runs,
        "version": version(),
        "versions": tools.versions(),
        "machine": generator["machine"],
        "generator": {key: value for key, value in generator.items() if key != "runs"},
    }
    for scenario in scenarios:
        results = {server.name: [] for server in servers}
        # In turn: a machine has good minutes and bad ones, and all servers are to have some of both.
        for server in servers * options.runs:
            found = results[server.name]
            if found and "failure" in found[-1]:
                continue
            print(f"{scenario.name}: {server.name} … ", end="", flush=True)
            found.append(measuring.measure(server, scenario, (options.server_cpu, options.load_cpu)))
            print(summary(found[-1]), flush=True)
        for name, found in results.items():
            document["results"].setdefault(name, {})[scenario.name] = measuring.middle(found)
        # After each scenario: a comparison that is broken off has its figures.
        path.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    (options.results / "comparison.md").write_text(report.markdown(document))
    print((options.results / "comparison.md").read_text())
    return 0


def version():
    done = subprocess.run([os.environ["TRIBUTARY_BIN"], "--version"], capture_output=True, text=True)
    return done.stdout.strip().removeprefix("tributary ")


def summary(result):
    figures = ["deliveries_per_second", "cpu_seconds_per_million", "accepts_per_second", "rss_per_stream_bytes"]
    found = [f"{name} {result[name]:,.2f}" for name in figures if result.get(name)]
    return ", ".join(found) or result.get("failure", "nothing")
