"""SIGTERM: streams are told to go elsewhere, not all at once, and the hub ends with 0."""

import itertools
import signal
import socket
import threading
import time

import httpx
import pytest

from harness.feed import publish_numbers
from harness.timelines import Timelines, history
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


def is_draining(client):
    try:
        return client.get("/readyz").status_code == 503
    except httpx.TransportError:
        # Its connection was closed, and a new one is not taken.
        return True


def test_a_second_signal_ends_it_at_once(start_hub):
    hub = start_hub("--drain-seconds", 30)
    streams = [hub.stream() for _ in range(20)]
    with httpx.Client(base_url=hub.url) as waiting:
        waiting.get("/readyz")
        hub.signal(signal.SIGTERM)
        # Two signals at once would be one.
        until(lambda: is_draining(waiting), 5, what="the drain has begun")
    assert hub.is_running
    hub.signal(signal.SIGTERM)
    # The drain alone would take 30 s, and end with 0.
    assert hub.wait(10) == 128 + signal.SIGTERM, hub.said
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


@pytest.mark.slow
def test_clients_that_go_to_another_hub_lose_nothing_while_everything_goes_on(
    start_hub, start_redis, stopping, tmp_path
):
    """Each of two hubs is drained in turn, three times; publishers and readers go to the one that is left."""
    redis = start_redis()
    settings = ("--drain-seconds", 1)
    hubs = [start_hub(*settings, redis=redis).wait_until_ready() for _ in range(2)]
    addresses = [hub.address for hub in hubs]
    clients = stopping(Timelines())
    readers = [{"user": f"u{index % 10}", "channels": ("chat,jobs", "chat")[index % 2]} for index in range(20)]
    clients.open(addresses, "drain", readers)
    ending, receipts = threading.Event(), {}

    def publish(first):
        for number in itertools.count(first, 3):
            channel, event = (("chat", "message.new"), ("jobs", "job.failed"))[number % 2]
            body = {"channel": channel, "project_id": "drain", "event": event, "data": {"n": number}}
            body["client_msg_id"] = f"m-{number}"
            # To the next one whenever one does not take it.
            for attempt in itertools.count(number):
                host, port = addresses[attempt % 2]
                try:
                    answer = httpx.post(f"http://{host}:{port}/publish", json=body, timeout=5)
                except httpx.HTTPError:
                    time.sleep(0.02)
                    continue
                if answer.status_code == 200:
                    receipts[number] = answer.json()["id"]
                    break
                assert answer.status_code == 503, answer.text
            if ending.wait(0.01):
                return

    threads = [threading.Thread(target=publish, args=(first,)) for first in range(3)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(6):
            count = len(receipts)
            until(lambda count=count: len(receipts) > count + 60, 20, what="publishing goes on")
            hub = hubs[turn % 2]
            hub.signal(signal.SIGTERM)
            assert hub.wait(10) == 0, hub.said[-2000:]
            hubs[turn % 2] = start_hub(*settings, redis=redis, port=hub.port).wait_until_ready()
    finally:
        ending.set()
        for thread in threads:
            thread.join(30)
    log = history(hubs[0].url, "drain")
    assert {event["data"]["n"]: event["id"] for event in log} == receipts and len(log) == len(receipts)
    channels = [reader["channels"].split(",") for reader in readers]
    expected = [[event["id"] for event in log if event["channel"] in mine] for mine in channels]
    for difference in clients.wait_for(expected, tmp_path):
        assert (difference["lost"], difference["duplicates"], difference["disordered"]) == (0, 0, 0), difference
        assert difference["strange"] == 0
    totals = clients.totals()
    counts = totals["counts"]
    assert totals["reasons"].get("draining", 0) >= 20 and totals["wrong"] == []
    assert (counts["told_lost"], counts["not_recovered"]) == (0, 0)
    assert (counts["repeated_in_connection"], counts["repeated_after_reconnect"]) == (0, 0)
