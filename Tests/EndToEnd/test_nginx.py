"""Behind nginx, configured as the repository recommends."""

import time

import httpx
import pytest
from httpx_sse import connect_sse

from harness.load import payload
from harness.nginx import Nginx
from harness.processes import Process
from harness.stream import Stream

# To HTTP/1.1 nginx sends chunks, which the readers of bare bytes here do not undo; the libraries below do.
OLD = "HTTP/1.0"


def through(nginx, **options):
    return Stream(nginx.address, version=OLD, **options)


@pytest.fixture(scope="module")
def nginx(redis_hub, tmp_path_factory):
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), redis_hub.port)
    yield nginx
    nginx.stop()


def test_each_frame_passes_at_once(nginx, redis_hub, redis):
    with through(nginx, channels="chat", project_id="n1") as stream:
        assert stream.status == 200
        stream.connected()
        for number in range(50):
            sent = time.monotonic()
            redis.publish("chat:n1", f'{{"event":"typing.start","data":{number}}}')
            assert stream.event(seconds=2).json == number
            assert time.monotonic() - sent < 2


def test_libraries_read_it_in_chunks(nginx, redis_hub, redis, stopping):
    url = f"{nginx.url}/stream?channels=chat&project_id=n0"
    curl = stopping(Process(["curl", "-sSN", url]))
    with httpx.Client(timeout=5) as client, connect_sse(client, "GET", url) as source:
        events = source.iter_sse()
        assert next(events).event == "connected"
        curl.line("event: connected")
        for number in range(10):
            redis.publish("chat:n0", f'{{"event":"message.new","id":{number + 1},"data":{number}}}')
            event = next(events)
            assert (event.event, event.json(), event.id) == ("message.new", number, str(number + 1))
            curl.line(f"id: {number + 1}", 2)


def test_bytes_pass_unchanged(nginx, redis_hub, redis):
    data = '{"text": "grüße 🎉", "long": "' + "y" * 100_000 + '" }'
    with through(nginx, channels="chat", project_id="n2") as stream:
        stream.connected()
        redis.publish("chat:n2", f'{{"event":"message.new","id":"7","data":{data}}}'.encode())
        frame = stream.event()
        assert (frame.id, frame.event, frame.data) == ("7", "message.new", data)


def test_heartbeats_pass(nginx, redis_hub):
    with through(nginx, channels="chat", project_id="n3", heartbeat_ms=5000) as stream:
        stream.connected()
        for _ in range(2):
            assert stream.next(8).is_heartbeat


def test_a_client_that_leaves_ends_the_stream_at_the_hub(nginx, redis_hub):
    before = redis_hub.open_streams()
    with through(nginx, channels="chat") as stream:
        stream.connected()
        redis_hub.wait_for_streams(before + 1)
    redis_hub.wait_for_streams(before, 2)


def test_the_api_passes(nginx, redis_hub):
    with httpx.Client(base_url=nginx.url) as client:
        for _ in range(3):
            assert client.get("/healthz").status_code == 200
            # The hub on loopback, which nobody told of nginx, does not show its figures to whoever comes through it.
            assert client.get("/stats").status_code == 404
            body = {"channel": "chat", "project_id": "n4", "event": "message.new", "data": 1}
            assert client.post("/publish", json=body).status_code == 200
            assert client.post("/stream").json()["authenticated"] is True


def test_a_hub_that_trusts_it_hears_who_the_client_is(start_hub, stopping, tmp_path):
    hub = start_hub("--trusted-proxies", "127.0.0.1")
    nginx = stopping(Nginx(tmp_path, hub.port))
    with httpx.Client(base_url=nginx.url) as client:
        # nginx appends 127.0.0.1, which is trusted: what it heard from there counts.
        for client_address, status in ((None, 200), ("198.51.100.7", 404)):
            headers = {"X-Forwarded-For": client_address} if client_address else {}
            assert client.get("/stats", headers=headers).status_code == status
    with through(nginx, channels="chat", headers={"X-Forwarded-For": "198.51.100.7"}) as stream:
        assert stream.connected().json["user_id"] == "198.51.100.7"


def test_many_streams_and_a_burst_pass_whole(nginx, redis_hub, redis, start_load):
    load = start_load()

    class Front:
        address = nginx.address

    load.open(Front, 100, version=OLD, channels="chat", project_id="n5")
    with redis.client.pipeline(transaction=False) as pipeline:
        for number in range(1_000):
            pipeline.publish("chat:n5", payload(number, 500))
        pipeline.execute()
    totals = load.wait_for(1_000, seconds=30)
    assert (totals["events"], totals["lost"], totals["repeated"]) == (100_000, 0, 0)
