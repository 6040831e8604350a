"""Redis dies, comes back, hangs: streams stay open, the hole is told, nothing after it is lost."""

import socket
import threading
import time

import httpx
import pytest

from harness.feed import Feed, publish_numbers
from harness.proxy import Proxy
from harness.stream import Stream
from harness.waiting import holds, until

STREAMS = 200


def after_the_outage(redis, hub, load, first):
    """What is published from now on reaches every stream once; each was told of the hole."""
    load.mark(first)
    publish_numbers(redis.client, "chat:out", range(first, first + 1_000), 200, 10)
    until(lambda: load.totals()["least_marked"] >= 1_000, 20, what="everything after the resubscription arrives")
    totals = load.totals()
    assert totals["marked"] == STREAMS * 1_000
    assert (totals["ended"], totals["closes"], totals["repeated"]) == (0, 0, 0)
    assert totals["with_gap"] == STREAMS
    for summary in load.summary():
        assert set(summary["reasons"]) == {"relay_reconnected"}, summary
    stats = hub.stats()
    assert stats["relay"]["reconnects_total"] >= 1 and stats["relay"]["connected"] is True
    assert stats["streams"]["open"] == STREAMS


@pytest.mark.slow
def test_redis_killed_and_started_again_under_load(start_hub, start_redis, start_load, stopping):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    load = start_load()
    load.open(hub, STREAMS, channels="chat,jobs", project_id="out")
    feed = stopping(Feed(redis, "chat:out", rate=500, size=200))
    load.wait_for(500)
    redis.kill()
    until(lambda: not hub.is_ready(), 3, what="/readyz is 503")
    assert hub.get("/healthz").status_code == 200
    assert hub.stats()["relay"]["connected"] is False
    # Streams open meanwhile, too, and hear what comes later.
    with hub.stream(project_id="late") as late:
        time.sleep(1)
        redis.start()
        hub.wait_until_ready(15, publishes=True)
        redis.publish("chat:late", '{"event":"typing.start","data":1}')
        assert late.event("typing.start").data == "1"
    hub.wait_for_streams(STREAMS)
    after_the_outage(redis, hub, load, feed.stop())


@pytest.mark.slow
def test_redis_that_hangs_without_closing(start_hub, start_redis, start_load, stopping):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    load = start_load()
    load.open(hub, STREAMS, channels="chat,jobs", project_id="out")
    feed = stopping(Feed(redis, "chat:out", rate=500, size=200, patience=60))
    load.wait_for(500)
    redis.pause()
    until(lambda: not hub.is_ready(), 8, what="/readyz is 503")
    holds(lambda: not hub.is_ready(), 2, what="/readyz stays 503 while Redis hangs")
    assert load.totals()["ended"] == 0
    redis.resume()
    hub.wait_until_ready(15, publishes=True)
    after_the_outage(redis, hub, load, feed.stop())


@pytest.mark.slow
def test_attempts_to_connect_stay_within_the_bounds_of_the_backoff(start_hub, start_redis, stopping):
    """In the dead Redis' place something takes every connection and closes it: the worst case for a backoff."""
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream(project_id="p1") as stream:
        redis.kill()
        dead = stopping(Proxy(target=None, port=redis.port))
        time.sleep(8)
        attempts = dead.accepted
        dead.stop()
        # 100 ms, 200, 400, … 10 s, at most: seven a connection with full delays, some more with jitter, and the relay
        # has a connection to subscribe and one to publish.
        assert 2 <= attempts <= 40, attempts
        redis.start()
        hub.wait_until_ready(15, publishes=True)
        assert stream.event("gap").json["reason"] == "relay_reconnected"
        redis.publish("chat:p1", '{"event":"typing.start","data":1}')
        assert stream.event("typing.start").data == "1"


@pytest.mark.slow
def test_a_redis_that_speaks_nonsense_is_left_and_tried_again(start_hub, start_redis, stopping):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream(project_id="p1") as stream:
        redis.kill()
        listener = socket.create_server(("127.0.0.1", redis.port))
        taken = []

        def speak():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                taken.append(connection)
                connection.sendall(b"\xff\xfe not RESP at all\r\n" * 100)

        threading.Thread(target=speak, daemon=True).start()
        until(lambda: len(taken) >= 2, 10, what="it tries again")
        assert not hub.is_ready()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in taken:
            connection.close()
        redis.start()
        hub.wait_until_ready(20, publishes=True)
        redis.publish("chat:p1", '{"event":"typing.start","data":1}')
        assert stream.event("typing.start").data == "1"


def test_a_killed_subscription_alone_is_noticed_and_told(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream(project_id="p1") as stream:
        assert redis.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub") == 1
        assert stream.event("gap").json["reason"] == "relay_reconnected"
        hub.wait_until_ready()
        redis.publish("chat:p1", '{"event":"typing.start","data":1}')
        assert stream.event("typing.start").data == "1"


def test_the_other_connections_may_be_killed_without_harm(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream(project_id="p1") as stream:
        redis.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        hub.wait_until_ready()

        def published():
            body = {"channel": "chat", "project_id": "p1", "event": "typing.start", "data": 1}
            return httpx.post(hub.url + "/publish", json=body).status_code == 200

        until(published, 10, every=0.1)
        assert stream.event("typing.start").data == "1"


def test_two_outages_are_two_gaps_and_answers_stay_well_formed(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream("chat,presence", project_id="p1") as stream:
        for _ in range(2):
            redis.kill()
            until(lambda: not hub.is_ready(), 3)
            with Stream(hub.address, path="/readyz") as answer:
                assert answer.status == 503
            redis.start()
            hub.wait_until_ready(20, publishes=True)
            gap = stream.event("gap")
            assert gap.id is None
            assert gap.json["channels"] == ["chat", "presence"] and gap.json["project_id"] == "p1"
        stream.silence(0.3)
