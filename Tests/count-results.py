"""Prints "passed failed skipped" of one set of tests for Tests/run.

count-results.py swift|pytest REPORT LOG EXIT-CODE: the report is the JUnit file, the log what was printed.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def from_report(path):
    """Every test case of a JUnit file, by its outcome."""
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            failed += 1
        elif "skipped" in outcomes:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def from_swift_log(text):
    """What Swift Testing printed until it ended, for a run that crashed before it wrote a report."""
    ended = dict(re.findall(r"^. Test (?!run)(.+?) (passed|failed) after ", text, re.MULTILINE))
    outcomes = list(ended.values())
    return outcomes.count("passed"), outcomes.count("failed"), 0


def main(kind, report, log, code):
    try:
        passed, failed, skipped = from_report(report)
    except (OSError, ElementTree.ParseError):
        text = Path(log).read_text(errors="replace")
        passed, failed, skipped = from_swift_log(text) if kind == "swift" else (0, 0, 0)
    # A run that failed without a failed test crashed, hung or found nothing to run.
    if (int(code) != 0 or passed + failed == 0) and failed == 0:
        failed = 1
    print(passed, failed, skipped)


if __name__ == "__main__":
    main(*sys.argv[1:])
