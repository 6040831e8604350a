"""What the README says was measured stands in a committed result file, and the command that made it beside it."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "Tests/Benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(ROOT / "Tests/EndToEnd")]

from comparison import measured, report  # noqa: E402

RESULTS = BENCHMARKS / "results"
README = (ROOT / "README.md").read_text()
TABLES = (RESULTS / "comparison.md").read_text().split("Scenarios of")[0]


def test_the_tables_are_those_of_the_result_file():
    written = (RESULTS / "comparison.md").read_text()
    assert written == report.markdown(json.loads((RESULTS / "comparison.json").read_text()))


@pytest.mark.parametrize("line", [line for line in TABLES.splitlines() if line] + measured.table(measured.results()))
def test_the_readme_shows_them(line):
    assert line in README
