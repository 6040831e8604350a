"""SIGTERM: streams are told to go elsewhere, not all at once, and the hub ends with 0."""

import signal
import socket
import time

import httpx
import pytest

from harness.feed import publish_numbers
from harness.waiting import until


def test_streams_are_told_and_spread_and_the_exit_code_is_0(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub("--drain-seconds", 3, redis=redis).wait_until_ready()
    streams = [hub.stream(project_id=f"p{number % 3}") for number in range(40)]
    waiting = httpx.Client(base_url=hub.url)
    assert waiting.get("/healthz").status_code == 200
    hub.signal(signal.SIGTERM)
    began = time.monotonic()
    try:
        until(lambda: waiting.get("/readyz").status_code == 503, 1)
    except httpx.TransportError:
        pass
    with pytest.raises(OSError):
        # A connection that slipped into the backlog is not served either.
        with socket.create_connection(hub.address, 1) as late:
            late.settimeout(2)
            late.sendall(b"GET /stream?channels=chat HTTP/1.1\r\nHost: x\r\n\r\n")
            if not late.recv(100).startswith(b"HTTP/1.1 200"):
                raise OSError
    retries, ends = [], []
    for stream in streams:
        frames = stream.end(8)
        closing = frames[-1]
        assert closing.event == "server_close" and closing.id is None
        assert closing.json["reason"] == "draining" and closing.json["reconnect"] is True
        assert closing.json["timestamp"] and closing.retry == closing.json["retry_ms"]
        assert 100 <= closing.retry <= 5_000
        retries.append(closing.retry)
        ends.append(time.monotonic() - began)
        stream.close()
    waiting.close()
    assert hub.wait(8) == 0, hub.said
    assert time.monotonic() - began < 6
    assert len(set(retries)) > 30 and max(retries) - min(retries) > 1_500, sorted(retries)


def test_the_streams_leave_one_after_the_other(start_hub, start_load):
    hub = start_hub("--drain-seconds", 3)
    load = start_load()
    load.open(hub, 300, channels="chat")
    hub.signal(signal.SIGTERM)
    ended = []
    until(lambda: ended.append(load.totals()["ended"]) or ended[-1] == 300, 8, every=0.05)
    assert any(30 < count < 270 for count in ended), f"all at once: {ended}"
    assert load.totals()["closes"] == 300
    assert hub.wait(8) == 0


def test_a_hub_without_streams_ends_at_once(start_hub):
    hub = start_hub()
    hub.signal(signal.SIGTERM)
    assert hub.wait(3) == 0, hub.said


def test_an_idle_kept_alive_connection_does_not_hold_the_hub(start_hub):
    hub = start_hub("--drain-seconds", 1)
    with httpx.Client(base_url=hub.url) as client, socket.create_connection(hub.address):
        client.get("/stats")
        hub.signal(signal.SIGTERM)
        assert hub.wait(6) == 0, hub.said


def test_interrupt_drains_as_well(start_hub):
    hub = start_hub("--drain-seconds", 1)
    with hub.stream() as stream:
        hub.signal(signal.SIGINT)
        assert stream.event("server_close").json["reason"] == "draining"
        assert hub.wait(5) == 0


def test_a_second_signal_ends_it_at_once(start_hub):
    hub = start_hub("--drain-seconds", 30)
    streams = [hub.stream() for _ in range(20)]
    hub.signal(signal.SIGTERM)
    until(lambda: "drain" in hub.said.lower() or True, 1)
    time.sleep(0.5)
    assert hub.is_running
    hub.signal(signal.SIGTERM)
    hub.wait(2)
    for stream in streams:
        stream.close()


def test_a_stalled_stream_does_not_hold_the_drain(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub("--drain-seconds", 2, redis=redis).wait_until_ready()
    stream = hub.stream(project_id="p1", receive_buffer=4096)
    publish_numbers(redis.client, "chat:p1", range(500), 20_000, 50)
    until(lambda: hub.stats()["streams"]["slow"] == 1, 5)
    hub.signal(signal.SIGTERM)
    assert hub.wait(8) == 0, hub.said
    stream.close()
