"""Garbage on the HTTP port: the hub answers or closes, and goes on serving everybody else."""

import json
import random
import re
import socket
import struct
import time

import pytest

from harness.stream import Stream
from harness.waiting import until


@pytest.fixture(autouse=True)
def the_hub_still_serves(hub):
    """Beside each test a stream is open, and hears an event afterwards."""
    with hub.stream(project_id="bystander") as stream:
        yield
        hub.publish("chat", "typing.start", "still here", project="bystander")
        assert stream.event("typing.start").json == "still here"
    assert hub.get("/healthz").status_code == 200


def send(hub, data, seconds=3.0):
    """Sends bytes; returns what comes back until the hub closes or `seconds` pass."""
    received = b""
    with socket.create_connection(hub.address, 5) as raw:
        raw.settimeout(seconds)
        try:
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            while part := raw.recv(1 << 16):
                received += part
        except (TimeoutError, ConnectionError):
            pass
    return received


def test_random_bytes(hub):
    seed = random.Random(4711)
    for _ in range(200):
        answer = send(hub, seed.randbytes(seed.randrange(1, 2_000)), 2)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:100]


def test_mutated_requests(hub):
    seed = random.Random(815)
    good = b"GET /stream?channels=chat&project_id=mutated HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 7\r\n\r\n"
    for _ in range(200):
        mutated = bytearray(good)
        for _ in range(seed.randrange(1, 5)):
            place = seed.randrange(len(mutated))
            mutated[place : place + seed.randrange(3)] = seed.randbytes(seed.randrange(3))
        send(hub, bytes(mutated), 0.05)
    until(lambda: hub.open_streams() == 1, 3)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /stream?channels=" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /stream HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /stream HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(3_000)) + b"\r\n",
        b"GET /stats HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        b"A" * 100_000,
        b"GET /" + b"a" * 1_000_000,
    ],
    ids=["long target", "long field", "many fields", "long field to the API", "no line end", "a megabyte of target"],
)
def test_a_head_over_16_KiB_is_refused(hub, head):
    opened = hub.stats()["streams"]["opened_total"]
    answer = send(hub, head, 5)
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"413", b"414", b"431"), answer[:200]
    assert hub.stats()["streams"]["opened_total"] == opened


def test_a_head_just_below_the_limit_is_served(hub):
    with Stream(hub.address, channels="chat", headers={"X-Long": "a" * 12_000}) as stream:
        assert stream.status == 200


def test_endless_heads_do_not_fill_the_memory(hub):
    before = hub.resident_bytes
    sockets = [socket.create_connection(hub.address, 5) for _ in range(20)]
    for raw in sockets:
        raw.settimeout(1)
        try:
            raw.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(200):
                raw.sendall(b"X-Pad: " + b"y" * 10_000 + b"\r\n")
        except OSError:
            pass
    assert hub.resident_bytes - before < 16 << 20
    for raw in sockets:
        raw.close()


@pytest.mark.slow
def test_slow_heads_are_ended_after_ten_seconds_even_if_they_drip(hub):
    stuck = socket.create_connection(hub.address, 5)
    stuck.sendall(b"GET /stream HTTP/1.1\r\nHos")
    dripping = socket.create_connection(hub.address, 5)
    dripping.sendall(b"GET /stats HTTP/1.1\r\nX: ")
    kept = Stream(hub.address, path="/healthz")
    kept.body()
    kept.socket.sendall(b"GET /stre")
    began = time.monotonic()
    ended = {}
    while len(ended) < 3 and time.monotonic() - began < 16:
        for name, raw in (("stuck", stuck), ("dripping", dripping), ("kept alive", kept.socket)):
            if name in ended:
                continue
            raw.settimeout(0.1)
            try:
                if name == "dripping":
                    raw.sendall(b"y")
                if raw.recv(4096) == b"":
                    ended[name] = time.monotonic() - began
            except TimeoutError:
                pass
            except OSError:
                ended[name] = time.monotonic() - began
    assert ended.keys() == {"stuck", "dripping", "kept alive"}, ended
    assert all(7 < after < 14 for after in ended.values()), ended


def test_pipelined_requests_are_answered_in_order(hub):
    request = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(hub.address, 5) as raw:
        raw.settimeout(5)
        raw.sendall(
            request % b"/healthz"
            + request % b"/stream?channels=nope"
            + request % b"/nowhere"
            + request % b"/stats"
            + request % b"/stream?channels=chat&project_id=piped"
            + request % b"/healthz"
            + b"garbage"
        )
        received = b""
        while b"\nretry: " not in received:
            part = raw.recv(1 << 16)
            assert part, received
            received += part
        statuses = [line.split(b" ")[1] for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        # An answer's body ends without a line break, so the next status may stand right behind it.
        statuses = re.findall(rb"HTTP/1\.1 (\d{3})", received)
        assert statuses == [b"200", b"400", b"404", b"200", b"200"], received
        hub.publish("chat", "typing.start", 1, project="piped")
        while b"event: typing.start\ndata: 1\n\n" not in received:
            received += raw.recv(1 << 16)


def test_a_thousand_pipelined_requests(hub):
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(hub.address, 5) as raw:
        raw.settimeout(20)
        raw.sendall(request * 1_000)
        received = b""
        while received.count(b"HTTP/1.1 200") < 1_000:
            part = raw.recv(1 << 16)
            assert part, received[-300:]
            received += part


def test_what_a_client_sends_after_its_stream_began_is_ignored(hub):
    with hub.stream(project_id="talker") as stream:
        stream.socket.sendall(b"x" * 200_000 + b"\r\n\r\nGET /stats HTTP/1.1\r\n\r\n")
        hub.publish("chat", "typing.start", 1, project="talker")
        assert stream.event().data == "1"


def test_half_open_connections_do_not_hurt(hub):
    sockets = [socket.create_connection(hub.address, 5) for _ in range(500)]
    for index, raw in enumerate(sockets):
        if index % 3 == 0:
            raw.sendall(b"GET /stream?channels=chat HTTP/1.1\r\nHost: x\r\n")
        elif index % 3 == 1:
            raw.sendall(b"POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    with hub.stream(project_id="beside") as stream:
        hub.publish("chat", "typing.start", 1, project="beside")
        assert stream.event(seconds=3).data == "1"
    for index, raw in enumerate(sockets):
        if index % 2:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()


def test_a_client_that_resets_while_its_stream_opens(hub):
    for _ in range(100):
        raw = socket.create_connection(hub.address, 5)
        raw.sendall(b"GET /stream?channels=chat HTTP/1.1\r\nHost: x\r\n\r\n")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
    hub.wait_for_streams(1, 2)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /publish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /stream HTTP/9.9\r\n\r\n",
        b"GET stream HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET  /stream HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /stream\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /stream?channels=chat HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x/stream?channels=nope HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /stream?channels=chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=lambda request: request[:60].decode("latin-1").replace("\r\n", "|"),
)
def test_strange_requests_get_an_answer_or_an_end(hub, request_bytes):
    answer = send(hub, request_bytes, 1)
    assert answer == b"" or answer.startswith(b"HTTP/1."), answer[:200]
    assert b" 500 " not in answer.split(b"\r\n")[0]
    hub.wait_for_streams(1, 3)


EVENT = b'{"channel":"chat","event":"typing.start","data":"smuggled"}'
LENGTH = b"Content-Length: %d\r\n" % len(EVENT)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(EVENT), EVENT)


@pytest.mark.parametrize(
    "fields, body",
    [
        (LENGTH + CHUNKED, CHUNKS),
        (CHUNKED + LENGTH, CHUNKS),
        (LENGTH + LENGTH, EVENT),
        (LENGTH + b"Content-Length: 3\r\n", EVENT),
        (b"Content-Length: %d, %d\r\n" % (len(EVENT), len(EVENT)), EVENT),
        (b"Content-Length: +%d\r\n" % len(EVENT), EVENT),
        (b"Content-Length: 0x%x\r\n" % len(EVENT), EVENT),
        (b"Content-Length: 5 9\r\n", EVENT),
        (LENGTH.replace(b":", b" :"), EVENT),
        (CHUNKED.replace(b":", b" :"), CHUNKS),
        (CHUNKED + CHUNKED, CHUNKS),
        (b"Transfer-Encoding: xchunked\r\n", CHUNKS),
        (b"Transfer-Encoding: \x0bchunked\r\n", CHUNKS),
        (b"Transfer-Encoding: identity\r\n", CHUNKS),
        (b"Transfer-Encoding: chunked, identity\r\n", CHUNKS),
        (b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
        (CHUNKED, b"0x" + CHUNKS),
        (CHUNKED, b"+" + CHUNKS),
        (CHUNKED, b"-1\r\n"),
        (CHUNKED, b"fffffffffffffffff\r\n"),
        (CHUNKED, b"2\r\nabc\r\n0\r\n\r\n"),
        (CHUNKED, CHUNKS.replace(b"\r\n", b"\n")),
        (CHUNKED, CHUNKS.replace(b"\r\n", b";\n", 1)),
        (CHUNKED, CHUNKS[:-2] + b"Content-Length: 0\r\n\r\n"),
        (b"Host: y\r\n" + LENGTH, EVENT),
        (b"X-A: a\r\n b\r\n" + LENGTH, EVENT),
        (b"X-A: a\rX-B: b\r\n" + LENGTH, EVENT),
        (b"X-A: a\0b\r\n" + LENGTH, EVENT),
        (b"X\0A: a\r\n" + LENGTH, EVENT),
        (b"X-A\r\n" + LENGTH, EVENT),
        (b": a\r\n" + LENGTH, EVENT),
    ],
    ids=lambda part: part[:50].decode("latin-1").replace("\r\n", "|"),
)
def test_what_a_proxy_might_read_differently_is_refused_and_nothing_behind_it_is_read(hub, fields, body):
    smuggled = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = send(hub, b"POST /publish HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n" + body + smuggled)
    assert re.findall(rb"HTTP/1\.1 (\d{3})", answer) == [b"400"], answer
    assert b'"error":"malformed_request"' in answer and b"connection: close" in answer.lower()


def test_a_huge_body_is_refused_without_being_kept(hub):
    before = hub.resident_bytes
    with socket.create_connection(hub.address, 5) as raw:
        raw.settimeout(5)
        try:
            raw.sendall(b"POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 500000000\r\n\r\n")
            for _ in range(1_000):
                raw.sendall(b"x" * 100_000)
        except OSError:
            pass
    assert hub.resident_bytes - before < 24 << 20


def test_every_error_is_json_with_a_code(hub):
    for path, status in (
        ("/nowhere", 404),
        ("/stream?channels=x", 400),
        ("/publish", 405),
        ("/stats?project_id=a%20b", 400),
    ):
        answer = hub.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        assert answer.headers["content-type"].startswith("application/json")
        assert {"error", "message"} <= json.loads(answer.text).keys()
