"""What every folder of tests that drive a hub needs of pytest: its conftest.py imports it."""

import os

import pytest

from .hub import BINARY


def pytest_configure():
    if not os.access(BINARY, os.X_OK):
        raise pytest.UsageError(f"no hub at {BINARY}: build it (swift build -c release --static-swift-stdlib) or set TRIBUTARY_BIN")


@pytest.fixture
def stopping():
    """Registers things to be stopped after the test, the newest first."""
    started = []

    def register(thing):
        started.append(thing)
        return thing

    yield register
    for thing in reversed(started):
        thing.stop()


@pytest.fixture
def report(capsys):
    """Shows a measured figure although the test passes."""

    def report(text):
        with capsys.disabled():
            print(f"\n  {text}")

    return report
