"""Clients and publishers that nobody here wrote."""

import json
import socket
import threading

import httpx
import pytest
import redis as redis_py
import sseclient
from httpx_sse import connect_sse

from harness.processes import Process
from harness.waiting import until

TEXTS = ["plain", "spaces  inside ", "日本語 🎉 ü", "a\nb", '"quoted"', "x" * 70_000]


def publish_all(redis, project):
    """redis-py publishes, some of it in a pipeline; returns what a client should see."""
    client = redis_py.Redis(port=redis.port)
    expected = []
    with client.pipeline(transaction=False) as pipeline:
        for number, text in enumerate(TEXTS, 1):
            data = {"number": number, "text": text}
            event = ("message.new", "job.progress")[number % 2]
            channel = ("chat", "jobs")[number % 2]
            id = str(number) if event == "message.new" else None
            pipeline.publish(f"{channel}:{project}", json.dumps({"event": event, "id": id, "data": data}))
            expected.append((event, data, id))
        assert pipeline.execute() == [1] * len(TEXTS)
    client.close()
    return expected


def test_httpx_sse_reads_typed_frames_of_two_channels(redis_hub, redis):
    url = f"{redis_hub.url}/stream?channels=chat,jobs&project_id=httpx"
    with httpx.Client(timeout=10) as client, connect_sse(client, "GET", url) as source:
        events = source.iter_sse()
        greeting = next(events)
        assert greeting.event == "connected" and greeting.json()["channels"] == ["chat", "jobs"]
        assert 2_250 <= greeting.retry <= 3_750
        for event, data, id in publish_all(redis, "httpx"):
            seen = next(events)
            assert (seen.event, seen.json()) == (event, data)
            if id:
                assert seen.id == id


def test_sseclient_reads_the_same(redis_hub, redis):
    url = f"{redis_hub.url}/stream?channels=chat,jobs&project_id=sseclient"
    with httpx.stream("GET", url, timeout=10) as answer:
        events = sseclient.SSEClient(answer.iter_raw()).events()
        assert next(events).event == "connected"
        for event, data, id in publish_all(redis, "sseclient"):
            seen = next(events)
            assert (seen.event, json.loads(seen.data), seen.id) == (event, data, id)


def test_curl_prints_the_same(redis_hub, redis, stopping):
    curl = stopping(Process(["curl", "-sSN", f"{redis_hub.url}/stream?channels=chat,jobs&project_id=curl"]))
    curl.line("event: connected")
    expected = publish_all(redis, "curl")
    # The greeting and each event are one data line; curl prints a frame's other lines before it.
    until(lambda: len([line for line in curl.output if line.startswith("data: ")]) == len(expected) + 1, 5)
    datas = [json.loads(line.removeprefix("data: ")) for line in curl.output if line.startswith("data: ")]
    assert datas[1:] == [data for _, data, _ in expected]


def test_a_python_client_that_reconnects_says_where_it_was(redis_hub, redis):
    """What an application does with httpx-sse: it keeps the last id and sends it."""
    url = f"{redis_hub.url}/stream?channels=chat&project_id=resume"
    with httpx.Client(timeout=10) as client:
        with connect_sse(client, "GET", url) as source:
            events = source.iter_sse()
            next(events)
            redis.publish("chat:resume", '{"event":"message.new","id":"31","data":1}')
            last = next(events).id
        with connect_sse(client, "GET", url, headers={"Last-Event-ID": last}) as source:
            events = source.iter_sse()
            greeting = next(events).json()
            assert greeting["from_seq"] == 31 and greeting["recovered"] is True


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_an_old_client_that_knows_no_chunks_reads_it(redis_hub, redis, version):
    with socket.create_connection(redis_hub.address, 5) as raw:
        raw.sendall(f"GET /stream?channels=chat&project_id=old {version}\r\nHost: x\r\n\r\n".encode())
        received = b""
        while b"\nretry: " not in received:
            received += raw.recv(4096)
        head = received.partition(b"\r\n\r\n")[0].lower()
        assert b" 200 " in head and b"transfer-encoding" not in head
        redis.publish("chat:old", '{"event":"typing.start","data":1}')
        while not received.endswith(b"event: typing.start\ndata: 1\n\n"):
            received += raw.recv(4096)


def test_many_threads_of_redis_py_publish_at_once_and_each_ones_order_is_kept(redis_hub, redis):
    writers, each = 4, 250
    with redis_hub.stream(project_id="threads", seconds=20) as stream:

        def write(writer):
            client = redis_py.Redis(port=redis.port)
            for number in range(each):
                client.publish("chat:threads", json.dumps({"event": "typing.start", "data": [writer, number]}))
            client.close()

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        seen = [stream.event("typing.start").json for _ in range(writers * each)]
        for thread in threads:
            thread.join()
    for writer in range(writers):
        assert [number for of, number in seen if of == writer] == list(range(each))
