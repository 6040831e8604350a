"""Event streams over HTTP/2: side by side on one connection, with a client that takes nothing, in a drain, under attack."""

import json
import signal
import time

import h2.errors
import pytest

from harness.http2 import Connection
from harness.tls import Certificate
from harness.waiting import until


@pytest.fixture
def certificate(tmp_path):
    return Certificate(tmp_path)


@pytest.fixture
def tls_hub(start_hub, certificate):
    def start(*arguments):
        hub = start_hub(*certificate.arguments, *arguments)
        hub.client = certificate.client(http2=True)
        return hub

    return start


@pytest.fixture
def connect(certificate, stopping):
    return lambda hub: stopping(Connection(hub.address, certificate))


def test_a_stalled_stream_costs_the_others_nothing_and_goes_on(tls_hub, connect, report):
    hub = tls_hub()
    connection = connect(hub)
    stalled = [connection.stream("channels=chat&project_id=p", reads=False) for _ in range(50)]
    other = connection.stream("channels=chat&project_id=p")
    before = hub.resident_bytes
    # 5 MB: several times what the tail keeps.
    count, size = 500, 10_000
    batch = [
        {"channel": "chat", "project_id": "p", "event": "message.new", "data": {"n": n, "x": "x" * size}}
        for n in range(50)
    ]
    for start in range(0, count, 50):
        for n, event in enumerate(batch):
            event["data"]["n"] = start + n
        assert hub.client.post(hub.url + "/publish", json=batch).status_code == 200
        connection.until(lambda: len(other.events("message.new")) >= start + 50, 30, what="the other stream has all")
    assert [frame.json["n"] for frame in other.events("message.new")] == list(range(count))
    until(lambda: hub.stats()["streams"]["slow"] == len(stalled), what="the hub sees that they are slow")
    grown = hub.resident_bytes - before
    report(f"{count * size / 1e6:.0f} MB passed 50 stalled streams of one connection: RSS grew by {grown / 1048576:.1f} MiB")
    # What the hub keeps of the project's log (memory) is the larger part.
    assert grown < 64 << 20
    for stream in stalled:
        assert len(stream.body) <= 65_535
    first = stalled[0]
    connection.read(first)
    connection.until(lambda: first.events("message.new") and first.events("message.new")[-1].json["n"] == count - 1, 30)
    numbers = [frame.json["n"] for frame in first.events("message.new")]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == count or first.events("gap")


def test_a_drain_ends_the_streams_and_then_the_connection(tls_hub, connect):
    hub = tls_hub("--drain-seconds", 2)
    connection = connect(hub)
    streams = [connection.stream("channels=chat") for _ in range(10)]
    hub.signal(signal.SIGTERM)
    connection.until(lambda: connection.goaways, what="GOAWAY")
    assert connection.goaways[0] == (0x7FFFFFFF, h2.errors.ErrorCodes.NO_ERROR)
    assert not all(stream.ended for stream in streams), "GOAWAY comes before the streams end"
    connection.until_closed()
    for stream in streams:
        assert stream.ended and stream.reset is None
        closing = stream.events()[-1]
        assert closing.event == "server_close" and closing.json["reason"] == "draining"
    assert connection.goaways[-1] == (streams[-1].id, h2.errors.ErrorCodes.NO_ERROR)
    assert hub.wait(5) == 0, hub.said


def test_a_reset_ends_one_stream_and_the_connections_end_all(tls_hub, connect):
    hub = tls_hub()
    connection = connect(hub)
    streams = [connection.stream("channels=chat") for _ in range(5)]
    connection.reset(streams[0])
    hub.wait_for_streams(4)
    connection.close()
    hub.wait_for_streams(0)
    assert hub.stats()["streams"]["closed_total"] == {"client": 5}


def test_a_flood_of_resets_is_told_to_calm_down_while_others_hear_their_heartbeats(tls_hub, connect, report):
    hub = tls_hub()
    calm = connect(hub)
    stream = calm.stream("channels=chat&heartbeat_ms=5000&heartbeat=event")
    memory, began, attacks = hub.resident_bytes, time.monotonic(), 0
    while len(stream.events("heartbeat")) < 2:
        attacker = connect(hub)
        for _ in range(1_000):
            if attacker.closed:
                break
            attacker.reset(attacker.request("/stream?channels=chat"))
        attacker.until_closed()
        assert any(code == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM for _, code in attacker.goaways)
        attacker.close()
        attacks += 1
        calm._receive(0.05)
        assert time.monotonic() - began < 20, "no heartbeat under attack"
    assert attacks > 3
    grown = hub.resident_bytes - memory
    report(f"{attacks} connections reset streams until they were told; RSS grew by {grown / 1048576:.1f} MiB")
    assert grown < 48 << 20
    hub.publish("chat", "message.new", "calm")
    calm.until(lambda: stream.events("message.new"))
    hub.wait_for_streams(1)


def test_channels_change_and_events_resume_as_over_http_1(tls_hub, connect):
    hub = tls_hub()
    connection = connect(hub)
    stream = connection.stream("channels=chat&project_id=r")
    id = stream.events("connected")[0].json["connection_id"]
    first = hub.publish("chat", "message.new", 1, project="r")["id"]
    hub.publish("jobs", "job.started", 2, project="r")
    change = connection.request(
        f"/stream/{id}/channels", "POST", body=json.dumps({"add": ["jobs"]}).encode(),
        headers=[("content-type", "application/json")],
    )
    connection.until(lambda: change.ended)
    assert change.headers[":status"] == "200", change.body
    hub.publish("jobs", "job.started", 3, project="r")
    connection.until(lambda: stream.events("job.started"))
    again = connection.request("/stream?channels=chat,jobs&project_id=r", headers=[("last-event-id", str(first))])
    connection.until(lambda: again.events("replay.end"))
    assert again.events("connected")[0].json["recovered"] is True
    assert again.events("replay.end")[0].json["replayed"] == 2
