"""The tests' own instruments: a reader that cannot see a fault would make every other test worthless."""

import json
import os
import signal
import socket
import time

import pytest

from harness.events import parse
from harness.load_worker import Reader
from harness.lossy import Tampering
from harness.processes import Process, survivors
from harness.rough_network import RoughNetwork
from harness.timeline_client import TimelineClient
from harness.waiting import until

HEAD = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n"
CONNECTED = b'event: connected\ndata: {"protocol":1}\nretry: 3000\n\n'


def frame(number):
    return b'event: message.new\ndata: {"n":%d,"t":1,"pad":"x"}\n\n' % number


def read(*frames, cut=None):
    reader = Reader(None, 0)
    data = HEAD + CONNECTED + b"".join(frames)
    for start in range(0, len(data), cut or len(data)):
        reader.feed(data[start : start + (cut or len(data))], 0, None)
    return reader


@pytest.mark.parametrize("cut", [None, 1, 2, 7, 64])
def test_a_whole_stream_is_whole_however_it_is_cut(cut):
    reader = read(frame(0), frame(1), b": heartbeat\n\n", frame(2), cut=cut)
    assert (reader.status, reader.connected, reader.events, reader.heartbeats) == (200, True, 3, 1)
    assert (reader.lost, reader.repeated, reader.others, reader.next) == (0, 0, 0, 3)


@pytest.mark.parametrize("cut", [None, 1, 7])
def test_faults_are_seen(cut):
    lost = read(frame(0), frame(2), frame(3), cut=cut)
    assert (lost.lost, lost.repeated) == (1, 0)
    repeated = read(frame(0), frame(0), frame(1), cut=cut)
    assert (repeated.lost, repeated.repeated) == (0, 1)
    swapped = read(frame(0), frame(2), frame(1), cut=cut)
    assert (swapped.lost, swapped.repeated) == (1, 1)
    torn = read(frame(0), frame(1)[:-2], cut=cut)
    assert torn.events == 1
    told = read(frame(0), b'event: gap\ndata: {"reason":"tail_overrun"}\n\n', frame(9), cut=cut)
    assert (told.gaps, told.reasons, told.lost) == (1, ["tail_overrun"], 8)
    assert read(b"event: what\ndata: 1\n\n", cut=cut).others == 1


@pytest.mark.parametrize("raw", [b"data:1\n\n", b"nonsense\n\n", b"id: 1\nid: 2\n\n", b"foo: bar\n\n"])
def test_frames_that_the_hub_should_not_write_are_refused(raw):
    with pytest.raises(AssertionError):
        parse(raw)


def test_a_process_left_behind_is_found():
    process = Process(["sh", "-c", "sleep 60 & exec sleep 61"])
    try:
        until(lambda: len(survivors()) >= 2, 5)
        process.signal(signal.SIGKILL)
        until(lambda: process.pid not in survivors(), 5)
        assert any("sleep 60" in command for command in survivors().values())
    finally:
        process.kill()
    until(lambda: not any("sleep 6" in command for command in survivors().values()), 5)
    assert os.getpid() not in survivors()


def client_that_read(*connections, pages=(), cut=None):
    """Feeds whole connections to one client; each is a list of frames, and `pages` answers what it asks of history."""
    client, pages = TimelineClient("u", "chat"), list(pages)
    for frames in connections:
        client.begin()
        data = HEAD + b"".join(frames)
        for start in range(0, len(data), cut or len(data)):
            client.feed(data[start : start + (cut or len(data))])
            while client.wants_page:
                client.take_page(pages.pop(0))
    assert not pages
    return client


def hello(cursor, recovered=True):
    return hub_frame("connected", from_seq=cursor, recovered=recovered)


def hub_frame(name, **data):
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def message(id, name="message.new"):
    return f"id: {id}\nevent: {name}\ndata: 1\n\n".encode()


def page(*ids, more=False):
    return {"events": [{"id": id} for id in ids], "more": more}


@pytest.mark.parametrize("cut", [None, 1, 5])
def test_a_client_of_the_timeline_keeps_its_cursor_over_connections(cut):
    client = client_that_read(
        [hello(0), message(1), b"event: typing.start\ndata: 1\n\n", message(2), message(3)[:-1]],
        [hello(2), message(3, "message.replay"), hub_frame("replay.end", more=False), message(4)],
        cut=cut,
    )
    assert (client.ids, client.cursor, client.wrong) == ([1, 2, 3, 4], 4, [])
    assert client.counts["replayed"] == 1 and client.counts["ephemeral"] == 1
    assert client.compare([1, 2, 3, 4])["lost"] == 0


def test_a_client_of_the_timeline_pages_the_rest_of_a_capped_replay_before_it_goes_on():
    capped = [hub_frame("replay.end", more=True, lastReplayedSeq=2), hub_frame("gap", reason="x", to=6, **{"from": 3})]
    pages = [page(3, 4, more=True), page(5, 6, 7)]
    client = client_that_read([hello(0), message(1), message(2), *capped, message(7), message(8)], pages=pages)
    assert client.ids == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (client.counts["told_lost"], client.counts["repeated_in_connection"]) == (0, 0)


def test_a_client_of_the_timeline_sees_what_a_hub_does_wrong():
    lost = client_that_read([hello(0), message(1), message(3)]).compare([1, 2, 3])
    assert (lost["lost"], lost["first_lost"], lost["disordered"]) == (1, [2], 0)
    swapped = client_that_read([hello(0), message(1), message(3), message(2)]).compare([1, 2, 3])
    assert (swapped["lost"], swapped["disordered"]) == (0, 1)
    assert client_that_read([hello(0), message(9)]).compare([])["strange"] == 1
    twice = client_that_read([hello(0), message(1), message(1)], [hello(1), message(1)])
    assert (twice.counts["repeated_in_connection"], twice.counts["repeated_after_reconnect"]) == (1, 1)
    assert twice.ids == [1]
    told = client_that_read([hello(0, False), hub_frame("gap", reason="x", **{"from": 1, "to": 2}), message(3)])
    assert (told.counts["not_recovered"], told.counts["told_lost"]) == (1, 1)
    difference = told.compare([1, 2, 3, 4])
    assert (difference["lost"], difference["untold"]) == (3, 1)
    open_end = client_that_read([hello(0), message(1), hub_frame("gap", reason="x", **{"from": 2}), message(4)])
    assert open_end.compare([1, 2, 3, 4, 5])["untold"] == 1
    assert client_that_read([hello(5)]).wrong


def test_a_rough_network_passes_everything_on_until_it_cuts(stopping):
    with socket.create_server(("127.0.0.1", 0)) as server:
        network = stopping(RoughNetwork([server.getsockname()]))
        client = socket.create_connection(network.addresses[0], 5)
        accepted, _ = server.accept()
        accepted.settimeout(5)
        client.sendall(b"hello")
        assert accepted.recv(10) == b"hello"
        network.delay(0.3, 0.1)
        began = time.monotonic()
        accepted.sendall(b"x" * 1_000_000)
        received = 0
        while received < 1_000_000:
            received += len(client.recv(1 << 16))
        assert time.monotonic() - began > 0.25
        assert network.cut(reset=True) == 1
        with pytest.raises(ConnectionResetError):
            client.recv(10)
        with pytest.raises(ConnectionResetError):
            accepted.recv(10)


def heard(topic, data):
    parts = [b"message", topic, data]
    return b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


@pytest.mark.parametrize("cut", [1, 7, 1_000])
def test_tampering_touches_only_whole_messages_of_its_topics(cut):
    control, answer = heard(b"control", b"x\r\n*3\r\n"), b"*2\r\n:1\r\n$-1\r\n+OK\r\n-ERR no\r\n"
    messages = [heard(b"chat:p", b"%d" % number) for number in range(3)]
    sent = control + messages[0] + answer + messages[1] + messages[2] + control

    def given(**faults):
        connection = Tampering("chat:p", 1, **faults).connection()
        return b"".join(connection(sent[start : start + cut]) for start in range(0, len(sent), cut))

    assert given() == sent
    assert given(lose=1.0) == control + answer + control
    assert given(repeat=1.0).count(messages[1]) == 2
    # Held back behind the next one; the third one waits for a fourth.
    assert given(swap=1.0) == control + answer + messages[1] + messages[0] + control
