"""The comparison with peers: its hub in C loses nothing, and its tables say what went wrong."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Benchmarks"))

from comparison import report, servers  # noqa: E402

CORE = str(min(os.sched_getaffinity(0)))


@pytest.fixture(params=[False, True], ids=["a send per event", "coalesced"])
def hub(request, tmp_path):
    bed = servers.Bed(tmp_path, CORE, CORE)
    with bed.stack:
        yield servers.minimal(bed, coalesces=request.param)


def open_stream(hub, project, **options):
    port = int(hub.url.split(":")[2].partition("/")[0])
    stream = socket.create_connection(("127.0.0.1", port), timeout=10)
    for option, value in options.items():
        stream.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
    stream.sendall(f"GET /stream?project_id={project} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    head = b""
    while b": hello\n\n" not in head:
        head += stream.recv(1)
    assert b"200 OK" in head and b"text/event-stream" in head
    return stream


def read(stream, count):
    """The data of so many events."""
    frames = []
    with stream.makefile("rb") as lines:
        while len(frames) < count:
            frames.append(b"".join(iter(lines.readline, b"\n")).decode())
    assert all(frame.startswith("event: message.new\ndata: ") for frame in frames)
    return [json.loads(frame.partition("data: ")[2]) for frame in frames]


def publish(hub, project, numbers, pad=""):
    import redis

    client = redis.Redis.from_url(hub.publish[hub.publish.index("--redis") + 1])
    with client.pipeline(transaction=False) as pipeline:
        for number in numbers:
            envelope = {"event": "message.new", "data": {"number": number, "pad": pad}}
            pipeline.publish(f"chat:{project}", json.dumps(envelope, separators=(",", ":")))
        pipeline.execute()
    client.close()


def numbers(events):
    return [event["number"] for event in events]


def test_each_stream_gets_its_projects_events_once_and_in_order(hub):
    streams = [open_stream(hub, "p1") for _ in range(3)]
    other = open_stream(hub, "p2")
    publish(hub, "p1", range(500))
    publish(hub, "p2", [7])
    for stream in streams:
        assert numbers(read(stream, 500)) == list(range(500))
    assert numbers(read(other, 1)) == [7]


def test_a_reader_that_pauses_loses_nothing(hub):
    slow, fast = open_stream(hub, "p1", SO_RCVBUF=1 << 16), open_stream(hub, "p1")
    publish(hub, "p1", range(2_000), pad="x" * 4_000)
    assert numbers(read(fast, 2_000)) == list(range(2_000))
    assert numbers(read(slow, 2_000)) == list(range(2_000))


def test_streams_that_leave_do_not_disturb_the_others(hub):
    streams = [open_stream(hub, "p1") for _ in range(10)]
    for stream in streams[::2]:
        stream.close()
    publish(hub, "p1", range(100))
    for stream in streams[1::2]:
        assert numbers(read(stream, 100)) == list(range(100))


def test_a_table_has_a_dash_and_a_footnote_for_what_could_not_be_measured():
    document = {
        "date": "2026-01-15",
        "machine": {"cpu": "a processor", "cores": 2, "kernel": "6.1"},
        "command": "Tests/Benchmarks/compare",
        "runs": 5,
        "version": "1.0",
        "versions": {"node": "20.0"},
        "results": {
            "node": {"fanout": {"deliveries_per_second": 416_000.4, "cpu_seconds_per_million": 2.349, "lost": 12}},
            "pushpin": {"latency": {"deliveries": 0}, "reconnect": {"failure": "it gives events no ids"}},
        },
    }
    text = report.markdown(document)
    assert "| Node hub | 416<sup>2</sup> | 2.35<sup>2</sup> |" in text
    assert "2. Node hub, fanout: 12 lost" in text
    assert "–<sup>1</sup>" in text and "1. Pushpin, latency: nothing arrived in time" in text
    assert "–<sup>3</sup>" in text and "3. Pushpin, reconnect: it gives events no ids" in text
    assert "| An application |" not in text, "a table without rows"
