"""What takes the better part of a minute, all at the same time: a dead peer, a stuck reader, default heartbeats."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.feed import publish_numbers
from harness.hub import BINARY
from harness.processes import Process
from harness.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dead_peer(tmp_path_factory):
    """The scenario of harness/dead_peer.py, in a network namespace of its own: it starts now and is awaited later."""
    unshare = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--net", "--map-root-user"]
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    iptables = shutil.which("iptables-legacy", path=path) or shutil.which("iptables", path=path) or "iptables"
    # The usual lock file is root's.
    environment = {"XTABLES_LOCKFILE": str(tmp_path_factory.mktemp("iptables") / "lock")}
    probe = subprocess.run([*unshare, iptables, "-L"], capture_output=True, text=True, env=os.environ | environment)
    if probe.returncode:
        yield f"the kernel refuses network namespaces or packet filters: {probe.stderr.strip()}"
        return
    process = Process(
        [*unshare, sys.executable, Path(__file__).parent / "harness/dead_peer.py", BINARY, iptables],
        environment=environment,
    )
    yield process
    process.kill()


@pytest.fixture(scope="module")
def silent(redis_hub):
    """A stream that hears nothing; its heartbeat is due in 25 s."""
    with redis_hub.stream(project_id="silent", seconds=40) as stream:
        stream.opened = time.monotonic()
        yield stream


@pytest.fixture(scope="module")
def stuck(redis_hub, redis):
    """A stream that never reads again; the hub gives it 30 s."""
    stream = redis_hub.stream(project_id="stuck", receive_buffer=4096)
    publish_numbers(redis.client, "chat:stuck", range(500), 20_000, 50)
    until(lambda: redis_hub.stats()["streams"]["slow"] == 1, 5)
    stream.began = time.monotonic()
    yield stream
    stream.close()


def test_the_default_heartbeat_comes_after_25_seconds(dead_peer, silent, stuck):
    frame = silent.next(30)
    assert frame.raw == b": heartbeat\n\n"
    assert 17 <= time.monotonic() - silent.opened <= 27


def test_a_reader_stuck_for_30_seconds_is_closed_as_a_slow_consumer(dead_peer, stuck, redis_hub):
    closed = lambda: redis_hub.stats()["streams"]["closed_total"]
    until(lambda: redis_hub.stats(project_id="stuck")["streams"]["open"] == 0, 40, every=0.2)
    assert 28 <= time.monotonic() - stuck.began <= 36
    assert closed()["slow_consumer"] == 1, closed()
    assert redis_hub.stats()["streams"]["slow"] == 0


@pytest.mark.timeout(120)
def test_a_dead_peer_is_gone_within_60_seconds_and_a_living_one_is_not(dead_peer):
    if isinstance(dead_peer, str):
        pytest.skip(dead_peer)
    assert dead_peer.wait(100) == 0, dead_peer.said
    result = json.loads(dead_peer.output[-1])
    assert result["dead_after_seconds"] <= 60, result
    assert result["open"] == 1, "the living one stays"
