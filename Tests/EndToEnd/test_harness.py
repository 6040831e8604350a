"""The tests' own instruments: a reader that cannot see a fault would make every other test worthless."""

import os
import signal

import pytest

from harness.events import parse
from harness.load_worker import Reader
from harness.processes import Process, survivors
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
