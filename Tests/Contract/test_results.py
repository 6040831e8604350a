"""What the README says was measured stands in a committed result file, and the command that made it beside it."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "Tests/Benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(ROOT / "Tests/EndToEnd")]

from comparison import report  # noqa: E402

RESULTS = BENCHMARKS / "results"
README = (ROOT / "README.md").read_text()


def test_the_tables_are_those_of_the_result_file():
    written = (RESULTS / "comparison.md").read_text()
    assert written == report.markdown(json.loads((RESULTS / "comparison.json").read_text()))


@pytest.mark.parametrize("line", (RESULTS / "comparison.md").read_text().split("Scenarios of")[0].splitlines())
def test_the_readme_shows_them(line):
    assert line in README


def test_the_readme_names_every_result_file_that_it_quotes_with_its_command():
    for name, command in re.findall(r"\(Tests/Benchmarks/results/(\S+?)\.json\): `(tributary bench .*?)`", README):
        result = json.loads((RESULTS / f"{name}.json").read_text())
        assert result["command"].replace(" --json", "").replace(" --quiet", "") == command
