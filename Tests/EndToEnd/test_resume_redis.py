"""What can happen to a timeline in Redis: wipes, restarts, raw publishers, nodes that were not there."""

import itertools
import signal
import time

import httpx
import pytest

from harness.publishers import Publishers
from harness.requesting import client
from harness.resuming import Resumed, publish_numbers
from harness.stream import Stream
from harness.timelines import history
from harness.waiting import until


@pytest.fixture(scope="module")
def hub(redis_hub):
    return redis_hub


@pytest.fixture
def project(counter=itertools.count()):
    return f"r{next(counter)}"


def raw(redis, project, *ids, channel="chat", event="message.new"):
    """`PUBLISH` with ids of the publisher's own; returns how many connections heard each."""
    return [redis.publish(f"{channel}:{project}", {"event": event, "id": str(id), "data": {"n": id}}) for id in ids]


def logged(hub, project, *ids):
    """Waits until the log holds exactly these: a raw event is logged a moment after it was published."""
    until(
        lambda: [event["id"] for event in history(hub.url, project)] == list(ids),
        5,
        what=f"the log holds {ids}",
    )


def gone(redis, project, channel="chat"):
    until(lambda: redis.client.pubsub_numsub(f"{channel}:{project}")[0][1] == 0, 10, what="nobody subscribes")


# Nodes.


def test_a_node_that_was_not_there_replays_what_others_published(start_hub, start_redis, project):
    redis = start_redis()
    one = start_hub(redis=redis).wait_until_ready()
    ids = publish_numbers(one, project, range(5))
    one.kill()
    two = start_hub(redis=redis).wait_until_ready()
    with Resumed(two, project, from_seq=ids[1]) as resumed:
        resumed.assert_whole(ids[2:])
    assert [event["id"] for event in history(two.url, project)] == ids


def test_two_nodes_give_their_streams_the_same_order(start_hub, start_redis, project):
    redis = start_redis()
    hubs = [start_hub(redis=redis).wait_until_ready() for _ in range(2)]
    streams = [hub.stream("chat,jobs", project_id=project) for hub in hubs]
    ids = []
    for number in range(50):
        ids += publish_numbers(hubs[number % 2], project, [number], ("chat", "jobs")[number % 3 % 2])
    for stream in streams:
        assert [int(stream.event().id) for _ in ids] == ids
        stream.close()


# Wipes.


def test_a_redis_that_was_wiped_under_a_running_hub_is_told(start_hub, start_redis, project):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    ids = publish_numbers(hub, project, range(3))
    with hub.stream(project_id=project) as staying:
        redis.client.flushall()
        with Resumed(hub, project, from_seq=ids[1]) as resumed:
            assert resumed.connected["recovered"] is False and len(resumed.gaps) == 1
            assert resumed.gaps[0]["from"] == ids[1] + 1
        new = publish_numbers(hub, project, range(3, 6))
        assert new[0] > ids[-1]
        with Resumed(hub, project, from_seq=ids[1]) as resumed:
            assert resumed.connected["recovered"] is False and len(resumed.gaps) == 1
            assert resumed.gaps[0]["from"] == ids[1] + 1 and resumed.gaps[0]["to"] < new[0]
            assert resumed.ids == new
        with Resumed(hub, project, from_seq=new[0]) as resumed:
            resumed.assert_whole(new[1:])
        got = []
        while got != new:
            frame = staying.event()
            if frame.id is not None:
                got.append(int(frame.id))
                assert got == new[: len(got)]


def test_raw_ids_that_begin_lower_after_a_wipe_arrive_live(start_hub, start_redis, project):
    redis = start_redis()
    hubs = [start_hub(redis=redis).wait_until_ready() for _ in range(2)]
    streams = [hub.stream(project_id=project) for hub in hubs]
    raw(redis, project, 100)
    assert [stream.event("message.new").id for stream in streams] == ["100", "100"]
    logged(hubs[0], project, 100)
    redis.client.flushall()
    raw(redis, project, 1)
    raw(redis, project, 2)
    for stream in streams:
        gap = stream.event("gap")
        assert (gap.json["reason"], gap.json["from"]) == ("log_reset", 101)
        assert [stream.event().id for _ in range(2)] == ["1", "2"]
        stream.close()
    logged(hubs[0], project, 1, 2)


def test_a_redis_that_came_back_empty_is_told(start_hub, start_redis, project):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    ids = publish_numbers(hub, project, range(3))
    redis.kill()
    until(lambda: not hub.is_ready(), 5)
    redis.start()
    hub.wait_until_ready(20, publishes=True)
    # What writes to the log has a connection of its own, too.
    probe = {"channel": "chat", "project_id": "probe", "event": "message.new", "data": None}
    until(lambda: client.post(hub.url + "/publish", json=probe).status_code == 200, 10)
    new = publish_numbers(hub, project, range(3))
    assert new[0] > ids[-1]
    with Resumed(hub, project, from_seq=ids[2]) as resumed:
        assert resumed.connected["recovered"] is False and resumed.gaps
        assert resumed.ids == new


def test_a_redis_that_keeps_its_data_loses_nothing_over_a_restart(start_hub, start_redis, project):
    redis = start_redis("--appendonly", "yes", "--appendfsync", "always")
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream(project_id=project) as staying:
        ids = publish_numbers(hub, project, range(3))
        redis.kill()
        until(lambda: not hub.is_ready(), 5)
        redis.start()
        hub.wait_until_ready(20, publishes=True)
        ids += publish_numbers(hub, project, range(3, 6))
        seen = []
        while len(seen) < 6:
            frame = staying.event()
            assert frame.id is not None or (frame.event == "gap" and "from" not in frame.json), frame
            seen += [int(frame.id)] if frame.id else []
        assert seen == ids
        # Now that the node has read what its own connection missed, a replay has all of it.
        with Resumed(hub, project, from_seq=ids[0]) as resumed:
            resumed.assert_whole(ids[1:])


@pytest.mark.parametrize("fault", ["killed", "stopped"])
def test_a_stream_that_resumes_while_redis_is_away_gets_everything_once_it_is_back(
    start_hub, start_redis, project, fault
):
    redis = start_redis("--appendonly", "yes", "--appendfsync", "always")
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    ids = publish_numbers(hub, project, range(5))
    redis.kill() if fault == "killed" else redis.pause()
    with Stream(hub.address, channels="chat", project_id=project, from_seq=ids[1], seconds=20) as stream:
        assert stream.status == 200
        until(lambda: not hub.is_ready(), 10)
        answer = hub.get("/history", project_id=project)
        assert (answer.status_code, answer.json()["error"]) == (503, "relay_unavailable")
        assert answer.headers["retry-after"]
        redis.start() if fault == "killed" else redis.resume()
        assert stream.connected().json["recovered"] is True
        assert [int(stream.event("message.replay").id) for _ in ids[2:]] == ids[2:]
        assert stream.event("replay.end").json["totalAvailable"] == 3
        until(lambda: hub.is_ready(), 15)
        until(lambda: httpx.get(f"{hub.url}/history", params={"project_id": project}).status_code == 200, 15)
        (id,) = publish_numbers(hub, project, [5])
        assert stream.event("message.new").id == str(id)


@pytest.mark.parametrize("before", [0, 1], ids=["the project's first events", "a project with events"])
def test_what_was_published_while_the_relay_was_away_reaches_open_streams(start_hub, start_redis, project, before):
    redis = start_redis("--appendonly", "yes", "--appendfsync", "always")
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream(project_id=project) as stream:
        ids = publish_numbers(hub, project, range(before))
        redis.kill()
        until(lambda: not hub.is_ready(), 5)
        redis.start()
        # The hub needs a moment to come back.
        for number in range(3):
            call = ("FCALL", "tributary_publish", 1, f"{{{project}}}", "chat", "message.new", str(number))
            ids.append(redis.client.execute_command(*call)[0])
        seen = []
        while len(seen) < len(ids):
            frame = stream.event()
            if frame.id is not None:
                seen.append(int(frame.id))
            else:
                assert frame.event == "gap" and "from" not in frame.json, frame
        assert seen == ids


@pytest.mark.slow
def test_an_open_stream_loses_nothing_when_redis_dies_again_and_again(
    start_hub, start_redis, stopping, crowd, project
):
    """Each of the hub's connections waits longer after each failure, and they do not come back together."""
    redis = start_redis("--appendonly", "yes", "--appendfsync", "always")
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()

    def is_back():
        return hub.is_ready() and hub.get("/history", project_id=project).status_code == 200

    # It is read all the time: an unread stream would be closed after 30 s.
    stream = crowd.one(hub, channels="chat,jobs", project_id=project)
    publishers = stopping(Publishers(redis, project, rate=50, channels=("chat", "jobs")))
    until(lambda: publishers.acknowledged, 5)
    for turn in range(6):
        redis.kill()
        # The first time for so long that the hub's patience with its connections is at its end.
        time.sleep(0.2 if turn else 7)
        redis.start()
        until(is_back, 40, every=0.1)
        count = len(publishers.acknowledged)
        until(lambda count=count: len(publishers.acknowledged) > count + 50, 10)
    publishers.stop()
    log = [event["id"] for event in history(hub.url, project)]
    assert set(log) == set(publishers.acknowledged.values())
    seen = lambda: [int(frame.id) for frame in stream.frames if frame.id is not None]
    until(lambda: log[-1] in seen(), 40, what="the last event has come")
    assert seen() == log
    for frame in stream.frames[1:]:
        assert frame.id is not None or (frame.event == "gap" and "from" not in frame.json), frame


# Publishers with ids of their own.


def test_a_late_id_reaches_those_who_saw_a_higher_one(hub, redis, project):
    with hub.stream(project_id=project) as stream:
        raw(redis, project, 10, 12, 11)
        assert [stream.event().id for _ in range(3)] == ["10", "12", "11"]
    logged(hub, project, 10, 12, 11)
    for cursor, rest in ((9, [10, 12, 11]), (10, [12, 11]), (12, [11]), (11, [])):
        with Resumed(hub, project, from_seq=cursor) as resumed:
            resumed.assert_whole(rest)
    assert [e["id"] for e in history(hub.url, project, after=12)] == [11]


def test_raw_events_are_logged_once_though_two_nodes_hear_them(start_hub, start_redis, project):
    redis = start_redis()
    hubs = [start_hub(redis=redis).wait_until_ready() for _ in range(2)]
    streams = [hub.stream("chat,jobs", project_id=project) for hub in hubs]
    for id in range(1, 101):
        assert raw(redis, project, id, **({} if id % 2 else {"channel": "job", "event": "job_started"})) == [2]
    # The same once more: a publisher that was not sure.
    raw(redis, project, *range(1, 100, 2))
    for hub in hubs:
        logged(hub, project, *range(1, 101))
    for stream in streams:
        seen = []
        while len(set(seen)) < 100:
            frame = stream.event()
            assert frame.event in ("message.new", "job_started"), frame
            seen.append(int(frame.id))
        # Across channels the nodes may log in another order than they heard; within one they may not.
        assert [id for id in dict.fromkeys(seen) if id % 2] == list(range(1, 100, 2))
        stream.close()
    assert {e["event"] for e in history(hubs[0].url, project, channel="jobs")} == {"job_started"}


def test_what_nobody_heard_is_told_as_a_lapse(start_hub, start_redis, project):
    redis = start_redis()
    hub = start_hub("--linger-seconds", 0, redis=redis).wait_until_ready()
    with hub.stream(project_id=project) as stream:
        raw(redis, project, 1, 2)
        assert [stream.event().id for _ in range(2)] == ["1", "2"]
        logged(hub, project, 1, 2)
    gone(redis, project)
    assert raw(redis, project, 3) == [0]
    with Resumed(hub, project, from_seq=2) as resumed:
        assert resumed.connected["recovered"] is False
        assert len(resumed.gaps) == 1 and resumed.gaps[0]["from"] == 3
        raw(redis, project, 4)
        assert resumed.stream.event().id == "4"
        logged(hub, project, 1, 2, 4)
        with Resumed(hub, project, from_seq=4) as whole:
            whole.assert_whole([])
        with Resumed(hub, project, from_seq=1) as across:
            assert across.connected["recovered"] is False and across.ids == [2, 4]


def test_no_lapse_where_everything_came_by_fcall(start_hub, start_redis, project):
    redis = start_redis()
    hub = start_hub("--linger-seconds", 0, redis=redis).wait_until_ready()

    def fcall(id):
        redis.cli("FCALL", "tributary_publish", "1", f"{{{project}}}", "chat", "message.new", "{}", "ID", str(id))

    fcall(1)
    with hub.stream(project_id=project):
        pass
    gone(redis, project)
    fcall(2)
    with Resumed(hub, project, from_seq=1) as resumed:
        resumed.assert_whole([2])
        # One that passes the log by: from now on somebody has to listen.
        raw(redis, project, 3)
        assert resumed.stream.event().id == "3"
        logged(hub, project, 1, 2, 3)
    gone(redis, project)
    with Resumed(hub, project, from_seq=3) as across:
        assert across.connected["recovered"] is False and across.gaps[0]["from"] == 4


def test_no_lapse_where_another_node_listens(start_hub, start_redis, project):
    redis = start_redis()
    one, two = (start_hub("--linger-seconds", 0, redis=redis).wait_until_ready() for _ in range(2))
    with one.stream(project_id=project) as stream:
        raw(redis, project, 1, 2)
        assert [stream.event().id for _ in range(2)] == ["1", "2"]
        logged(one, project, 1, 2)
        with Resumed(two, project, from_seq=1) as resumed:
            resumed.assert_whole([2])
        # And where the first one has left since, but the second one has stayed.
        with Resumed(two, project, from_seq=2) as second:
            second.assert_whole([])
            stream.close()
            one.wait_for_streams(0)
            raw(redis, project, 3)
            assert second.stream.event().id == "3"
            logged(two, project, 1, 2, 3)
            with Resumed(one, project, from_seq=2) as resumed:
                resumed.assert_whole([3])


def test_a_listener_that_was_killed_counts_no_more(start_hub, start_redis, project):
    redis = start_redis()
    one = start_hub(redis=redis).wait_until_ready()
    with one.stream(project_id=project) as stream:
        raw(redis, project, 1, 2)
        assert [stream.event().id for _ in range(2)] == ["1", "2"]
        logged(one, project, 1, 2)
        one.kill()
    gone(redis, project)
    assert raw(redis, project, 3) == [0]
    two = start_hub(redis=redis).wait_until_ready()
    with Resumed(two, project, from_seq=2) as resumed:
        assert resumed.connected["recovered"] is False and resumed.gaps


def test_a_projects_lapse_is_nothing_to_one_whose_ids_are_the_hubs(start_hub, start_redis, project):
    redis = start_redis()
    hub = start_hub("--linger-seconds", 0, redis=redis).wait_until_ready()
    ids = publish_numbers(hub, project, range(3))
    with hub.stream(project_id=project):
        pass
    gone(redis, project)
    ids += publish_numbers(hub, project, range(3, 6))
    with Resumed(hub, project, from_seq=ids[0]) as resumed:
        resumed.assert_whole(ids[1:])


def test_a_raw_id_in_a_project_of_the_hubs_is_delivered_without_it_and_counted(hub, redis, project):
    ids = publish_numbers(hub, project, range(2))
    before = sum(hub.stats()["relay"]["rejected_total"].values())
    with hub.stream(project_id=project) as stream:
        raw(redis, project, 7)
        frame = stream.event()
        assert (frame.event, frame.id, frame.json) == ("message.new", None, {"n": 7})
        ids += publish_numbers(hub, project, [2])
        assert stream.event().id == str(ids[-1])
    until(lambda: sum(hub.stats()["relay"]["rejected_total"].values()) > before, 5, what="it is counted")
    assert [event["id"] for event in history(hub.url, project)] == ids


def test_killing_the_subscription_closes_the_gap_by_itself(start_hub, start_redis, project):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream("chat,jobs,presence", project_id=project) as stream:
        ids, seen, told = [], [], 0
        for turn in range(10):
            ids += publish_numbers(hub, project, [turn])
            assert redis.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub") == 1
            ids += publish_numbers(hub, project, range(5), ("chat", "jobs")[turn % 2])
            while len(seen) < len(ids):
                frame = stream.event()
                if frame.id is None:
                    assert frame.event == "gap" and "from" not in frame.json
                    told += 1
                else:
                    seen.append(int(frame.id))
            assert seen == ids
    assert told >= 1, "what was ephemeral meanwhile is lost, and that is told"


def test_a_hub_that_is_told_to_end_while_others_publish_loses_nothing(start_hub, start_redis, project):
    redis = start_redis()
    one, two = (start_hub("--drain-seconds", 1, redis=redis).wait_until_ready() for _ in range(2))
    with one.stream(project_id=project) as stream:
        ids = publish_numbers(two, project, range(10))
        one.signal(signal.SIGTERM)
        ids += publish_numbers(two, project, range(10, 300))
        frames = stream.end(8)
    assert one.wait(8) == 0
    assert frames[-1].event == "server_close" and frames[-1].json["reason"] == "draining"
    seen = [int(frame.id) for frame in frames if frame.id]
    assert seen == ids[: len(seen)]
    with Resumed(two, project, headers={"Last-Event-ID": str(seen[-1] if seen else 0)}) as resumed:
        rest = resumed.ids
        if resumed.end["more"]:
            rest += [event["id"] for event in history(two.url, project, after=rest[-1])]
        assert seen + rest == ids


def test_what_raw_publishers_sent_while_the_relay_was_away_is_told_to_open_streams_too(
    start_hub, start_redis, project
):
    redis = start_redis("--appendonly", "yes", "--appendfsync", "always")
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream(project_id=project) as stream:
        raw(redis, project, 1, 2)
        assert [stream.event().id for _ in range(2)] == ["1", "2"]
        logged(hub, project, 1, 2)
        redis.kill()
        until(lambda: not hub.is_ready(), 5)
        redis.start()
        # The hub may be back already, or not: whatever it heard, it must be right about it.
        heard = raw(redis, project, 3)
        hub.wait_until_ready(20, publishes=True)
        redis.wait_for_subscriber(f"chat:{project}")
        raw(redis, project, 4)
        frames = []
        while not frames or frames[-1].id != "4":
            frames.append(stream.event())
        gaps = [frame.json for frame in frames if frame.event == "gap"]
        assert any(gap.get("from") == 3 for gap in gaps), gaps
        assert [frame.id for frame in frames if frame.id] == (["3", "4"] if heard == [1] else ["4"])
    with Resumed(hub, project, from_seq=2) as resumed:
        assert resumed.connected["recovered"] is False and resumed.gaps[0]["from"] == 3
        assert resumed.ids[-1] == 4
