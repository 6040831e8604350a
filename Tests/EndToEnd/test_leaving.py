"""A client that leaves is noticed within a second, however it leaves."""

import os
import resource
import socket
import struct
import time
from pathlib import Path

import pytest

from harness.feed import publish_numbers
from harness.stream import Stream
from harness.waiting import until


@pytest.fixture(params=["memory", "after an API request"])
def opened(request, hub):
    """A stream on a connection of its own, or on one that asked for something else first."""
    hub.wait_for_streams(0)
    if request.param == "memory":
        stream = hub.stream()
    else:
        first = Stream(hub.address, path="/stats")
        first.body()
        stream = Stream(hub.address, connection=first.socket, channels="chat")
        stream.connected()
    hub.wait_for_streams(1)
    yield stream
    stream.close()


def test_a_closed_client(hub, opened):
    before = hub.stats()["streams"]["closed_total"].get("client", 0)
    opened.close()
    hub.wait_for_streams(0, 1)
    assert hub.stats()["streams"]["closed_total"]["client"] == before + 1


def test_a_half_closed_client_gets_its_stream_ended(hub, opened):
    opened.socket.shutdown(socket.SHUT_WR)
    hub.wait_for_streams(0, 1)
    opened.end(2)


def test_a_reset_client(hub, opened):
    before = hub.stats()["streams"]["closed_total"]
    opened.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.close()
    hub.wait_for_streams(0, 1)
    after = hub.stats()["streams"]["closed_total"]
    assert sum(after.values()) == sum(before.values()) + 1


def test_a_client_that_leaves_while_it_is_not_reading(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    stream = hub.stream(project_id="p1", receive_buffer=4096)
    publish_numbers(redis.client, "chat:p1", range(500), 20_000, 50)
    until(lambda: hub.stats()["streams"]["slow"] == 1, 5)
    stream.close()
    hub.wait_for_streams(0, 1)
    assert hub.stats()["streams"]["slow"] == 0


def test_a_thousand_that_leave_at_once(hub, start_load):
    load = start_load()
    load.open(hub, 1_000, channels="chat")
    assert hub.open_streams() == 1_000
    began = time.monotonic()
    load.close()
    hub.wait_for_streams(0, 2)
    assert time.monotonic() - began < 2


def test_what_leaves_takes_its_files_and_memory_with_it(hub, start_load):
    files = lambda: len(os.listdir(f"/proc/{hub.pid}/fd"))
    load = start_load()
    load.open(hub, 500, channels="chat")
    load.close()
    hub.wait_for_streams(0, 2)
    hub.get("/healthz")
    before_files, before_memory = files(), hub.resident_bytes
    for _ in range(10):
        load.open(hub, 500, channels="chat", user_id="u{i}", project_id="p{i}")
        load.close()
        hub.wait_for_streams(0, 2)
    assert files() <= before_files + 5
    # 5,000 streams of as many users and projects came and went; projects linger for a minute.
    assert hub.resident_bytes - before_memory < 24 << 20


def test_the_table_of_files_is_long_enough_from_the_start(start_hub):
    """Where it grows, `accept` waits for all cores, and every stream with it."""
    hub = start_hub().wait_until_ready()
    size = next(line for line in Path(f"/proc/{hub.pid}/status").read_text().splitlines() if line.startswith("FDSize"))
    limit = resource.prlimit(hub.pid, resource.RLIMIT_NOFILE)[0]
    assert int(size.split()[1]) >= min(limit, 65_536)
