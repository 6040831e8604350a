"""Waits are conditions with deadlines, never sleeps of a hopeful length."""

import time


def until(condition, seconds=10.0, every=0.02, what=None):
    """Calls `condition` until it returns something true, and returns that; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}; last value {value!r}")
        time.sleep(every)


def holds(condition, seconds, every=0.1, what=None):
    """Fails if `condition` is ever untrue within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"did not hold for {seconds} s: {what or condition}"
        time.sleep(every)
