"""What single measurements of `tributary bench` found, as a table in Markdown.

    python -m comparison.measured [FOLDER]
"""

import json
import sys
from pathlib import Path

from .scenarios import figure

RESULTS = Path(__file__).resolve().parents[1] / "results"

# Title, path in a result, scale, digits.
COLUMNS = [
    ("streams", ("streams_opened",), 1, 0),
    ("hubs", ("hubs",), 1, 0),
    ("opened a second", ("accepts_per_second",), 1, 0),
    ("deliveries", ("deliveries",), 1, 0),
    ("k/s", ("deliveries_per_second",), 1e-3, 0),
    ("CPU, µs each", ("cpu_seconds_per_million",), 1, 2),
    ("p99, ms", ("latency_ns", "p99"), 1e-6, 1),
    ("RSS, kB a stream", ("rss_per_stream_bytes",), 1e-3, 1),
    ("lost", ("lost",), 1, 0),
]


def results(folder=RESULTS):
    """Those of a folder, by name; the comparison has tables of its own."""
    paths = sorted(folder.glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths if path.stem != "comparison"}


def command(result):
    """What to type for it: how it printed is no matter."""
    return " ".join(word for word in result["command"].split() if word not in ("--json", "--quiet"))


def cell(result, path, scale, digits):
    value = figure(result, path)
    return "" if value is None else f"{value * scale:,.{digits}f}"


def table(results):
    lines = ["| Command | " + " | ".join(title for title, *_ in COLUMNS) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, result in results.items():
        cells = [cell(result, *column) for _, *column in COLUMNS]
        lines.append(f"| [`{command(result)}`](Tests/Benchmarks/results/{name}.json) | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    print("\n".join(table(results(*map(Path, sys.argv[1:])))))
