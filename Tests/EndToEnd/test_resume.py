"""A stream goes on where the one before it ended: with Redis, in memory, and with a file."""

import itertools
import json
import threading
import time

import httpx
import pytest

from harness.hub import REPOSITORY, Hub
from harness.redis_server import RedisServer
from harness.resuming import Resumed, publish_all, publish_numbers
from harness.timelines import history
from harness.waiting import until

MODES = ("redis", "memory", "data")


class Place:
    """What keeps the log in a mode, and hubs on it."""

    def __init__(self, mode, directory):
        self.mode, self.directory = mode, directory
        self.redis = RedisServer(directory) if mode == "redis" else None
        self.hubs = []

    def start(self, *arguments, **options):
        if self.mode == "data":
            arguments += ("--data", self.directory / "log.sqlite")
        hub = Hub(*arguments, redis=self.redis, **options)
        self.hubs.append(hub)
        return hub.wait_until_ready()

    def stop(self):
        for hub in self.hubs:
            hub.stop()
        if self.redis:
            self.redis.stop()


@pytest.fixture(scope="module", params=MODES)
def place(request, tmp_path_factory):
    place = Place(request.param, tmp_path_factory.mktemp(request.param))
    yield place
    place.stop()


@pytest.fixture(scope="module")
def hub(place):
    return place.start()


@pytest.fixture(params=MODES)
def own_place(request, tmp_path, stopping):
    """For hubs with settings of their own, or that have to end."""
    return stopping(Place(request.param, tmp_path))


@pytest.fixture
def project(counter=itertools.count()):
    return f"p{next(counter)}"


def small_catalog(directory, **retention):
    catalog = json.loads((REPOSITORY / "Protocols/catalog.json").read_text())
    for channel in catalog["channels"]:
        if channel["name"] == "chat":
            channel["retention"] = retention
    path = directory / "catalog.json"
    path.write_text(json.dumps(catalog))
    return path


WAYS = {
    "header": lambda id: {"headers": {"Last-Event-ID": str(id)}},
    "last_event_id": lambda id: {"last_event_id": id},
    "from_seq": lambda id: {"from_seq": id},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_resumes_after_its_cursor_and_goes_live(hub, project, way):
    ids = publish_numbers(hub, project, range(5))
    assert ids == sorted(set(ids)) and ids[0] > 0 and ids[-1] < 1 << 53
    with Resumed(hub, project, **WAYS[way](ids[1])) as resumed:
        assert resumed.connected["from_seq"] == ids[1]
        assert resumed.connected["latest_seq"] == ids[4]
        resumed.assert_whole(ids[2:])
        assert resumed.names == ["message.replay"] * 3 + ["replay.end"]
        assert resumed.data == [{"n": 2}, {"n": 3}, {"n": 4}]
        end = resumed.end
        assert (end["projectId"], end["lastReplayedSeq"]) == (project, ids[4])
        assert isinstance(end["message"], str)
        (id,) = publish_numbers(hub, project, [5])
        live = resumed.stream.event()
        assert (live.event, live.id, live.json) == ("message.new", str(id), {"n": 5})


def test_the_header_wins_and_the_last_event_id_over_from_seq(hub, project):
    ids = publish_numbers(hub, project, range(4))
    with Resumed(hub, project, from_seq=ids[0], headers={"Last-Event-ID": str(ids[2])}) as resumed:
        assert resumed.connected["from_seq"] == ids[2] and resumed.ids == ids[3:]
    with Resumed(hub, project, from_seq=ids[0], last_event_id=ids[1]) as resumed:
        assert resumed.connected["from_seq"] == ids[1] and resumed.ids == ids[2:]


def test_from_seq_0_begins_with_the_oldest_event(hub, project):
    ids = publish_numbers(hub, project, range(3))
    with Resumed(hub, project, from_seq=0) as resumed:
        resumed.assert_whole(ids)
        assert resumed.connected["from_seq"] == 0


def test_from_seq_0_of_a_project_without_events_is_whole(hub, project):
    with Resumed(hub, project, from_seq=0) as resumed:
        resumed.assert_whole([])


def test_without_a_cursor_a_stream_is_live_only(hub, project):
    ids = publish_numbers(hub, project, range(3))
    with Resumed(hub, project) as resumed:
        assert resumed.frames == []
        assert resumed.connected["latest_seq"] == ids[-1]
        assert "from_seq" not in resumed.connected


@pytest.mark.parametrize("missed", [0, 1, 200, 201, 1_000])
def test_the_numbers_of_a_replay_are_honest(hub, project, missed):
    ids = publish_numbers(hub, project, range(missed + 1))
    cursor, ids = ids[0], ids[1:]
    with Resumed(hub, project, from_seq=cursor) as resumed:
        assert resumed.connected["recovered"] is True
        assert resumed.ids == ids[:200]
        end = resumed.end
        assert (end["replayed"], end["totalAvailable"], end["more"]) == (min(missed, 200), missed, missed > 200)
        assert end["lastReplayedSeq"] == (resumed.ids or [cursor])[-1]
        if missed <= 200:
            assert resumed.gaps == []
            return
        assert resumed.names[-2:] == ["replay.end", "gap"]
        (gap,) = resumed.gaps
        assert ids[199] < gap["from"] <= ids[200] and gap["to"] == ids[-1]
        assert gap["channels"] == ["chat"] and gap["project_id"] == project
        # The history has the rest, and ends where the live events begin.
        rest = history(hub.url, project, channel="chat", after=end["lastReplayedSeq"], limit=300)
        assert [event["id"] for event in rest] == ids[200:]
        (live,) = publish_numbers(hub, project, ["live"])
        assert resumed.stream.event().id == str(live)


def test_the_cap_of_a_replay_can_be_set(own_place, project):
    hub = own_place.start("--replay-limit", 5)
    ids = publish_numbers(hub, project, range(12))
    with Resumed(hub, project, from_seq=ids[0]) as resumed:
        assert resumed.ids == ids[1:6]
        assert (resumed.end["replayed"], resumed.end["totalAvailable"], resumed.end["more"]) == (5, 11, True)


def test_history_pages_in_the_order_of_the_log(hub, project):
    ids = publish_numbers(hub, project, range(25))
    page = hub.get("/history", project_id=project, channel="chat", after=ids[3], limit=7).json()
    assert [event["id"] for event in page["events"]] == ids[4:11]
    assert page["more"] is True and page["latest_seq"] == ids[-1]
    first = page["events"][0]
    assert (first["channel"], first["event"], first["data"]) == ("chat", "message.new", {"n": 4})
    assert first["timestamp"].endswith("Z")
    page = hub.get("/history", project_id=project, channel="chat", after=ids[17], limit=7).json()
    assert [event["id"] for event in page["events"]] == ids[18:] and page["more"] is False
    page = hub.get("/history", project_id=project, channel="chat", after=ids[-1]).json()
    assert page["events"] == [] and page["more"] is False
    for wrong in ({"limit": 0}, {"limit": 1_001}, {"after": -1}, {"after": "x"}, {"channel": "nope"}):
        answer = hub.get("/history", **({"project_id": project} | wrong))
        assert answer.status_code == 400 and answer.json()["error"], wrong


def test_data_is_replayed_byte_for_byte(hub, project):
    for data in ('{"a": 1 }', '"ü 🎉 \\u0000"', "12345678901234567890123", "[ 1,2 ,3]", "1e400", "null"):
        body = f'{{"channel":"chat","project_id":"{project}","event":"message.new","data":{data}}}'
        id = httpx.post(hub.url + "/publish", content=body.encode()).json()["id"]
        with Resumed(hub, project, from_seq=id - 1) as resumed:
            assert resumed.frames[0].raw == f"id: {id}\nevent: message.replay\ndata: {data}\n\n".encode()
        answer = hub.get("/history", project_id=project, channel="chat", after=id - 1).text
        assert f'"data":{data}' in answer


def test_private_events_are_neither_replayed_nor_counted_nor_told_to_others(hub, project):
    start = publish_numbers(hub, project, ["start"])[0]
    wanted = {"u1": [], "u2": []}
    for number in range(30):
        user = (None, "u1", "u2")[number % 3]
        (id,) = publish_numbers(hub, project, [number], **({"to": {"user": user}} if user else {}))
        for name, ids in wanted.items():
            if user in (None, name):
                ids.append(id)
    for user, ids in wanted.items():
        with Resumed(hub, project, from_seq=start, user_id=user) as resumed:
            resumed.assert_whole(ids)
        assert [e["id"] for e in history(hub.url, project, after=start, user_id=user, limit=3)] == ids
    with Resumed(hub, project, from_seq=start, user_id="u3") as resumed:
        assert len(resumed.ids) == 10 == resumed.end["totalAvailable"]
    page = hub.get("/history", project_id=project, user_id="u3", after=wanted["u1"][-1])
    assert page.json()["events"] == []


def test_many_private_events_of_others_do_not_use_up_the_cap(hub, project):
    start = publish_numbers(hub, project, ["start"])[0]
    publish_numbers(hub, project, range(600), to={"user": "loud"})
    ids = publish_numbers(hub, project, range(3))
    with Resumed(hub, project, from_seq=start, user_id="quiet") as resumed:
        resumed.assert_whole(ids)


def test_ephemeral_events_and_broadcast_are_not_replayed(hub, project):
    ids = publish_numbers(hub, project, ["start"])
    receipt = hub.publish("chat", "typing.start", {"n": "passing"}, project=project)
    assert receipt["id"] is None
    ids += publish_numbers(hub, project, ["end"])
    with Resumed(hub, project, from_seq=ids[0]) as resumed:
        resumed.assert_whole(ids[1:])
    assert [event["id"] for event in history(hub.url, project)] == ids


def test_only_the_streams_channels_are_replayed_and_merged_in_order(hub, project):
    start = publish_numbers(hub, project, ["start"])[0]
    bodies = [
        {"channel": channel, "event": event, "data": number}
        for number, (channel, event) in enumerate(
            [("chat", "message.new"), ("job", "job_started"), ("jobs", "job.failed"), ("chat", "message.edited")] * 5
        )
    ]
    ids = publish_all(hub, project, bodies)
    with Resumed(hub, project, "jobs,chat", from_seq=start) as resumed:
        resumed.assert_whole(ids)
        # A name of its own in the replay has what the catalog gives one to.
        assert resumed.names[:4] == ["message.replay", "job_started", "job.failed", "message.edited"]
    with Resumed(hub, project, "jobs", from_seq=start) as resumed:
        resumed.assert_whole([id for id, body in zip(ids, bodies, strict=True) if body["channel"] != "chat"])
        assert resumed.connected["latest_seq"] == ids[-1]
    with Resumed(hub, project, "presence", from_seq=start) as resumed:
        resumed.assert_whole([])
    assert [event["id"] for event in history(hub.url, project, after=start, limit=7)] == ids
    jobs = history(hub.url, project, after=start, channel="job", limit=3)
    assert {event["channel"] for event in jobs} == {"jobs"} and len(jobs) == 10


def test_a_replay_of_large_events_arrives_whole_in_small_sips(hub, project):
    """16 MiB through a receive buffer of a few kB: the replay waits for the socket."""
    ids = []
    for number in range(20):
        ids += publish_all(hub, project, [{"data": {"n": number, "pad": "x" * 800_000}}])
    with Resumed(hub, project, from_seq=0, receive_buffer=4096, seconds=60) as resumed:
        resumed.assert_whole(ids)
        assert [data["n"] for data in resumed.data] == list(range(20))
        assert all(len(data["pad"]) == 800_000 for data in resumed.data)


def test_a_cursor_from_the_future_is_told(hub, project):
    ids = publish_numbers(hub, project, range(3))
    with Resumed(hub, project, from_seq=ids[-1] + 1_000_000_000) as resumed:
        assert resumed.connected["recovered"] is False
        assert len(resumed.gaps) == 1 and resumed.gaps[0]["channels"] == ["chat"]
        (id,) = publish_numbers(hub, project, [3])
        assert resumed.stream.event().id == str(id)


def test_a_cursor_that_is_older_than_the_retention_is_told_from_where(own_place, project, tmp_path):
    hub = own_place.start("--catalog", small_catalog(tmp_path, count=10))
    ids = publish_numbers(hub, project, range(60))
    kept = [event["id"] for event in history(hub.url, project, channel="chat")]
    # Trimming may be lazy, every 16th time.
    assert kept == ids[-len(kept) :] and 10 <= len(kept) <= 26
    with Resumed(hub, project, from_seq=ids[5]) as resumed:
        assert resumed.connected["recovered"] is False
        gap = resumed.gaps[0]
        assert ids[5] < gap["from"] <= ids[6]
        assert gap["to"] < kept[0]
        assert resumed.ids == kept
    with Resumed(hub, project, from_seq=kept[0]) as resumed:
        resumed.assert_whole(kept[1:])
    # The other channel has everything.
    with Resumed(hub, project, "jobs", from_seq=ids[5]) as resumed:
        resumed.assert_whole([])


def test_age_and_bytes_bound_what_is_kept_too(own_place, project, tmp_path):
    hub = own_place.start("--catalog", small_catalog(tmp_path, bytes=20_000))
    ids = publish_all(hub, project, [{"data": "x" * 1_000} for _ in range(100)])
    kept = [event["id"] for event in history(hub.url, project, channel="chat")]
    assert kept == ids[-len(kept) :] and 10 <= len(kept) <= 36


def test_events_that_are_too_old_are_gone(own_place, project, tmp_path):
    hub = own_place.start("--catalog", small_catalog(tmp_path, age_seconds=1))
    old = publish_numbers(hub, project, range(20))
    time.sleep(1.5)
    new = publish_numbers(hub, project, range(40))
    kept = [event["id"] for event in history(hub.url, project, channel="chat")]
    assert not set(kept) & set(old) and set(kept) <= set(new)
    with Resumed(hub, project, from_seq=old[0]) as resumed:
        assert resumed.connected["recovered"] is False and resumed.gaps


class Listener:
    def __init__(self, hub, project, channels="chat"):
        self.stop = hub.stream(channels, project_id=project).close


class Traffic:
    """`POST /publish` without a pause; 503 and cuts are retried with the same `client_msg_id`."""

    def __init__(self, url, project, pause=0.002, name="m"):
        self.url, self.project, self.pause, self.name = url, project, pause, name
        self.ids = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with httpx.Client(timeout=5) as client:
            for number in itertools.count():
                channel, event = (("chat", "message.new"), ("jobs", "job.started"))[number % 2]
                body = {"channel": channel, "project_id": self.project, "event": event, "data": {"n": number}}
                body["client_msg_id"] = f"{self.name}-{number}"
                while not self._stopping.is_set():
                    try:
                        answer = client.post(self.url + "/publish", json=body)
                    except httpx.HTTPError:
                        time.sleep(0.02)
                        continue
                    if answer.status_code == 200:
                        self.ids.append(answer.json()["id"])
                        break
                    assert answer.status_code == 503, answer.text
                    time.sleep(0.02)
                if self._stopping.wait(self.pause):
                    return

    def stop(self):
        self._stopping.set()
        self._thread.join(20)
        return self.ids


def reconnect_through(hub, project, traffic, times):
    """Reads a few frames, goes, comes back with the last id; at the end reads to the end. Returns all ids."""
    seen, cursor = [], 0
    for turn in itertools.count():
        query = {"from_seq": cursor} if turn % 2 else {"headers": {"Last-Event-ID": str(cursor)}}
        with hub.stream("chat,jobs", project_id=project, **query) as stream:
            assert stream.greeting.json["recovered"] is True, stream.greeting.json
            last = turn >= times
            wanted = traffic.stop()[-1] if last else None
            count = turn % 7
            while cursor != wanted if last else count > 0:
                frame = stream.event()
                if frame.event == "replay.end":
                    assert frame.json["more"] is False, "the test reads too slowly"
                elif frame.id is not None:
                    cursor = int(frame.id)
                    seen.append(cursor)
                    count -= 1
                else:
                    raise AssertionError(f"unexpected {frame}")
            if last:
                return seen


@pytest.mark.slow
def test_200_reconnects_during_traffic_see_every_event_once_and_in_order(hub, project, stopping):
    publish_numbers(hub, project, ["first"])
    traffic = stopping(Traffic(hub.url, project))
    seen = reconnect_through(hub, project, traffic, 200)
    log = [event["id"] for event in history(hub.url, project)]
    assert seen == log
    assert log[1:] == traffic.ids


@pytest.mark.slow
def test_streams_that_resume_at_once_during_traffic_all_see_the_same(hub, project, stopping):
    """Each joins at another moment: subscribing, replaying and going live overlap with what arrives."""
    (first,) = publish_numbers(hub, project, ["first"])
    traffic = [stopping(Traffic(hub.url, project, pause=0, name=f"m{index}")) for index in range(4)]
    until(lambda: all(one.ids for one in traffic), 10)
    streams = [hub.stream("chat,jobs", project_id=project, from_seq=first) for _ in range(100)]
    published = [id for one in traffic for id in one.stop()]
    ids = [event["id"] for event in history(hub.url, project, after=first)]
    assert ids == sorted(published)
    for stream in streams:
        seen = []
        while not seen or seen[-1] != ids[-1]:
            frame = stream.event()
            if frame.id is not None:
                seen.append(int(frame.id))
            elif frame.event == "replay.end" and frame.json["more"]:
                gap = stream.next().json
                rest = history(hub.url, project, after=frame.json["lastReplayedSeq"])
                seen += [event["id"] for event in rest if event["id"] <= gap["to"]]
        assert seen == ids
        stream.close()


def test_ids_of_the_publishers_own_may_come_late(hub, project, stopping):
    # Somebody listens all the while: what might have been published by `PUBLISH` unheard would be told as a lapse.
    stopping(Listener(hub, project))
    ids = publish_all(hub, project, [{"id": id, "data": id} for id in (10, 12, 11, 13)])
    assert ids == [10, 12, 11, 13]
    for cursor, rest in ((0, [10, 12, 11, 13]), (10, [12, 11, 13]), (12, [11, 13]), (11, [13]), (13, [])):
        with Resumed(hub, project, from_seq=cursor) as resumed:
            resumed.assert_whole(rest)
        assert [event["id"] for event in history(hub.url, project, after=cursor, limit=1)] == rest
    again = hub.publish("chat", "message.new", "again", project=project, id=11)
    assert again == {"id": 11, "duplicate": True}
    assert len(history(hub.url, project)) == 4


def test_ids_come_from_the_hub_or_from_the_publisher_but_not_from_both(hub, project):
    publish_numbers(hub, project, [1])
    body = {"channel": "chat", "project_id": project, "event": "message.new", "data": 1}
    answer = httpx.post(hub.url + "/publish", json=body | {"id": 5})
    assert (answer.status_code, answer.json()["error"]) == (409, "timeline_owner_mismatch")
    other = project + "-own"
    publish_all(hub, other, [{"id": 5, "data": 1}])
    answer = httpx.post(hub.url + "/publish", json=body | {"project_id": other})
    assert (answer.status_code, answer.json()["error"]) == (409, "timeline_owner_mismatch")
    # In an array each item is on its own.
    items = [body | {"project_id": other, "id": 6}, body | {"project_id": other}, body | {"project_id": other, "id": 7}]
    answers = httpx.post(hub.url + "/publish", json=items).json()
    assert [item.get("id") for item in answers] == [6, None, 7]
    assert answers[1]["error"] == "timeline_owner_mismatch"
    assert len(history(hub.url, project)) == 1
    assert [event["id"] for event in history(hub.url, other)] == [5, 6, 7]


def test_a_client_msg_id_makes_a_retry_safe(hub, project):
    with hub.stream("chat,jobs", project_id=project) as stream:
        first = hub.publish("chat", "message.new", 1, project=project, client_msg_id="m-1")
        assert first["duplicate"] is False
        for _ in range(3):
            again = hub.publish("chat", "message.new", 2, project=project, client_msg_id="m-1")
            assert again == {"id": first["id"], "duplicate": True}
        # Another channel, another user, another project: another event.
        for more in (
            {"channel": "jobs", "event": "job.started"},
            {"to": {"user": "u1"}},
            {"to": {"user": "u2"}},
            {"project_id": project + "-other"},
        ):
            (id,) = publish_all(hub, project, [{"data": 3, "client_msg_id": "m-1"} | more])
            assert id != first["id"]
        assert hub.publish("chat", "typing.start", 4, project=project, client_msg_id="m-2")["duplicate"] is False
        again = hub.publish("chat", "typing.start", 4, project=project, client_msg_id="m-2")
        assert again == {"id": None, "duplicate": True}
        hub.publish("chat", "typing.stop", "end", project=project)
        names = [stream.event().event for _ in range(4)]
        assert names == ["message.new", "job.started", "typing.start", "typing.stop"]
    assert [event["channel"] for event in history(hub.url, project)] == ["chat", "jobs"]
