"""Heartbeats: to streams that were silent, in the form they asked for, and to nobody else."""

import time

import pytest

pytestmark = pytest.mark.long


@pytest.mark.slow
def test_a_silent_stream_gets_a_comment_or_an_event_as_it_asked(hub):
    with (
        hub.stream(project_id="beats", heartbeat_ms=5000) as comment,
        hub.stream(project_id="beats", heartbeat_ms=5000, heartbeat="event") as event,
    ):
        assert comment.greeting.json["heartbeat_ms"] == 5_000
        began = time.monotonic()
        first = comment.next(8)
        assert first.raw == b": heartbeat\n\n"
        assert 3.5 <= time.monotonic() - began <= 6.5
        visible = event.next(3)
        assert visible.event == "heartbeat" and visible.id is None and isinstance(visible.json, dict)
        again = comment.next(8)
        assert again.raw == b": heartbeat\n\n"


@pytest.mark.slow
def test_while_events_flow_there_are_no_heartbeats(hub):
    with hub.stream(project_id="flow", heartbeat_ms=5000) as stream:
        for _ in range(8):
            hub.publish("chat", "typing.start", 1, project="flow")
            assert stream.next(5).event == "typing.start"
            time.sleep(1)
        assert not any(frame.is_heartbeat for frame in stream.frames)
        # Then silence: the heartbeat counts from the last event.
        began = time.monotonic()
        assert stream.next(8).is_heartbeat
        assert time.monotonic() - began > 2.5


@pytest.mark.slow
def test_heartbeats_of_many_streams_are_staggered(hub, start_load):
    """Opened together, they must not beat together."""
    load = start_load()
    load.open(hub, 500, channels="chat", project_id="stagger", heartbeat_ms=5000)
    counts = []
    deadline = time.monotonic() + 12
    while time.monotonic() < deadline:
        counts.append(load.totals()["heartbeats"])
        time.sleep(0.1)
    steps = [later - earlier for earlier, later in zip(counts, counts[1:], strict=False)]
    assert sum(steps) >= 500
    assert max(steps) < 300, f"within a tenth of a second {max(steps)} of 500 got theirs"


def test_the_default_comes_from_the_command_line(start_hub):
    hub = start_hub("--heartbeat-seconds", 5)
    with hub.stream() as stream:
        assert stream.greeting.json["heartbeat_ms"] == 5_000
