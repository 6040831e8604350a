"""`FCALL tributary_publish`: the way for services that want an id and an order."""

import itertools
import json
import socket
import threading
import time

import httpx
import pytest
import redis as redis_module

from harness.hub import REPOSITORY, tributary
from harness.resuming import Resumed, publish_numbers
from harness.timelines import history
from harness.waiting import until

DAY = 24 * 3_600


@pytest.fixture(scope="module")
def hub(redis_hub):
    return redis_hub


@pytest.fixture
def project(counter=itertools.count()):
    return f"f{next(counter)}"


def fcall(redis, project, channel, event, data, *options):
    data = data if isinstance(data, (str, bytes)) else json.dumps(data)
    client = getattr(redis, "client", redis)
    return client.execute_command("FCALL", "tributary_publish", 1, f"{{{project}}}", channel, event, data, *options)


class Overheard:
    """What is published on a project's topics, as a subscriber of Redis hears it, in order."""

    def __init__(self, redis, *topics):
        self.subscription = redis.client.pubsub(ignore_subscribe_messages=False)
        self.subscription.subscribe(*topics)
        for _ in topics:
            assert self.subscription.get_message(timeout=5)["type"] == "subscribe"

    def next(self, seconds=5.0):
        message = self.subscription.get_message(timeout=seconds)
        assert message is not None, "nothing was published"
        return message["channel"].decode(), json.loads(message["data"])

    def silence(self, seconds=0.2):
        assert self.subscription.get_message(timeout=seconds) is None

    def close(self):
        self.subscription.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def test_redis_cli_publishes_and_is_told_the_id(hub, redis, project):
    with hub.stream(project_id=project) as stream:
        before = time.time() * 1e6
        printed = redis.cli("FCALL", "tributary_publish", "1", f"{{{project}}}", "chat", "message.new", '{"text":"hi"}')
        id, duplicate = printed.split("\n")
        assert duplicate == "0" and before - 5e6 < int(id) < time.time() * 1e6 + 5e6
        assert stream.event().raw == f'id: {id}\nevent: message.new\ndata: {{"text":"hi"}}\n\n'.encode()
    assert [event["id"] for event in history(hub.url, project)] == [int(id)]


def test_the_answer_and_the_envelope(hub, redis, project):
    with Overheard(redis, f"chat:{project}", f"jobs:{project}") as overheard:
        ids = [fcall(redis, project, "chat", "message.new", {"n": 0})]
        ids.append(fcall(redis, project, "job", "job_started", {"n": 1}))
        ids.append(fcall(redis, project, "chat", "message.new", {"n": 2}, "TO", "user:u|1 ü"))
        ids.append(fcall(redis, project, "chat", "message.new", {"n": 3}, "CLIENT_MSG_ID", "k"))
        assert all(duplicate == 0 for _, duplicate in ids)
        ids = [id for id, _ in ids]
        assert ids == sorted(set(ids))
        heard = [overheard.next() for _ in ids]
        overheard.silence()
    assert [topic.split(":")[0] for topic, _ in heard] == ["chat", "jobs", "chat", "chat"]
    envelopes = [envelope for _, envelope in heard]
    assert [int(envelope["id"]) for envelope in envelopes] == ids
    assert [envelope["data"] for envelope in envelopes] == [{"n": n} for n in range(4)]
    assert [envelope["event"] for envelope in envelopes] == ["message.new", "job_started"] + ["message.new"] * 2
    assert [int(envelope["prev"]) for envelope in envelopes] == [0, 0, ids[0], ids[2]]
    assert [envelope.get("to") for envelope in envelopes] == [None, None, {"user": "u|1 ü"}, None]
    assert envelopes[3]["client_msg_id"] == "k"
    for envelope in envelopes:
        assert abs(envelope["ts"] - time.time() * 1000) < 60_000


@pytest.mark.parametrize(
    "data", ['{"a": 1 }', '"ü 🎉"', "12345678901234567890123", "[ 1,2 ]", "null", '"\\u0000\\n"', "1e400"]
)
def test_data_is_passed_on_byte_for_byte(hub, redis, project, data):
    with hub.stream(project_id=project) as stream:
        id, _ = fcall(redis, project, "chat", "message.new", data)
        assert stream.event().raw == f"id: {id}\nevent: message.new\ndata: {data}\n\n".encode()
        with Resumed(hub, project, from_seq=id - 1) as resumed:
            assert resumed.frames[0].raw == f"id: {id}\nevent: message.replay\ndata: {data}\n\n".encode()


@pytest.mark.parametrize("name", ['a"b\\c', "grüße 🎉", "a/b c", "{}"])
def test_names_of_any_kind_arrive_as_they_are(hub, redis, project, name):
    user = f"u {name}"
    with hub.stream(project_id=project, user_id=user) as stream:
        id, _ = fcall(redis, project, "chat", name, "1", "TO", f"user:{user}", "CLIENT_MSG_ID", name)
        frame = stream.event()
        assert (frame.event, frame.id) == (name, str(id))
        assert fcall(redis, project, "chat", name, "1", "TO", f"user:{user}", "CLIENT_MSG_ID", name) == [id, 1]
    assert [event["event"] for event in history(hub.url, project, user_id=user)] == [name]
    assert history(hub.url, project, user_id="u") == []


def test_an_ephemeral_event_has_no_id_and_leaves_no_log(hub, redis, project):
    with hub.stream(project_id=project) as stream:
        id, duplicate = fcall(redis, project, "chat", "typing.start", "1")
        assert not id and duplicate == 0
        assert stream.event().raw == b"event: typing.start\ndata: 1\n\n"
    assert history(hub.url, project) == []
    assert not any(b":log:" in key for key in redis.client.keys(f"*{{{project}}}*"))


def test_ids_of_the_publishers_own(hub, redis, project):
    with hub.stream(project_id=project) as stream, Overheard(redis, f"chat:{project}") as overheard:
        assert fcall(redis, project, "chat", "message.new", "1", "ID", 10) == [10, 0]
        assert fcall(redis, project, "chat", "message.new", "2", "id", 12) == [12, 0]
        assert fcall(redis, project, "chat", "message.new", "3", "ID", 11) == [11, 0]
        assert fcall(redis, project, "chat", "message.new", "4", "ID", 11) == [11, 1]
        assert fcall(redis, project, "chat", "message.new", "5", "ID", 2**53 - 1) == [2**53 - 1, 0]
        assert [stream.event().id for _ in range(4)] == ["10", "12", "11", str(2**53 - 1)]
        envelopes = [overheard.next()[1] for _ in range(4)]
        assert [int(envelope["prev"]) for envelope in envelopes] == [0, 10, 12, 11]
        overheard.silence()
    with Resumed(hub, project, from_seq=12) as resumed:
        resumed.assert_whole([11, 2**53 - 1])


def test_the_two_owners_do_not_mix(hub, redis, project):
    id, _ = fcall(redis, project, "chat", "message.new", "1")
    with pytest.raises(redis_module.ResponseError, match="timeline_owner_mismatch"):
        fcall(redis, project, "jobs", "job.started", "1", "ID", id + 1)
    other = project + "-own"
    fcall(redis, other, "chat", "message.new", "1", "ID", 5)
    with pytest.raises(redis_module.ResponseError, match="timeline_owner_mismatch"):
        fcall(redis, other, "jobs", "job.started", "1")
    assert len(history(hub.url, project)) == len(history(hub.url, other)) == 1


WRONG = {
    "an unknown channel": ("nope", "message.new", "1"),
    "no event": ("chat", "", "1"),
    "a reserved event": ("chat", "gap", "1"),
    "an event of two lines": ("chat", "a\nb", "1"),
    "a long event": ("chat", "e" * 257, "1"),
    "no data": ("chat", "message.new", ""),
    "data that is no JSON": ("chat", "message.new", "{text:hi}"),
    "too much data": ("chat", "message.new", '"' + "x" * (1 << 20) + '"'),
    "an id of 0": ("chat", "message.new", "1", "ID", "0"),
    "a negative id": ("chat", "message.new", "1", "ID", "-5"),
    "an id that is none": ("chat", "message.new", "1", "ID", "01HX"),
    "an id with a fraction": ("chat", "message.new", "1", "ID", "1.5"),
    "an id in scientific notation": ("chat", "message.new", "1", "ID", "1e3"),
    "an id over 2^53": ("chat", "message.new", "1", "ID", str(2**53)),
    "a recipient that is no user": ("chat", "message.new", "1", "TO", "group:g"),
    "a recipient without a name": ("chat", "message.new", "1", "TO", "user:"),
    "an empty client_msg_id": ("chat", "message.new", "1", "CLIENT_MSG_ID", ""),
    "a long client_msg_id": ("chat", "message.new", "1", "CLIENT_MSG_ID", "x" * 2_000),
    "an unknown option": ("chat", "message.new", "1", "WHAT", "ever"),
    "an option without a value": ("chat", "message.new", "1", "ID"),
    "too few arguments": ("chat", "message.new"),
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_bad_input_is_refused_and_changes_nothing(hub, redis, project, arguments):
    with Overheard(redis, f"chat:{project}") as overheard:
        keys = set(redis.client.keys())
        with pytest.raises(redis_module.ResponseError) as refused:
            redis.client.execute_command("FCALL", "tributary_publish", 1, f"{{{project}}}", *arguments)
        assert "_" in str(refused.value).split()[0] or "syntax" in str(refused.value), refused.value
        assert "script" not in str(refused.value), "an error of the function itself"
        overheard.silence(0.05)
        assert set(redis.client.keys()) == keys


@pytest.mark.parametrize("key", ["p1", "{p1", "{}", "{a}{b}", "{p1}x", "{a b}", "x:{p1}"])
def test_a_key_that_names_no_project_is_refused(hub, redis, key):
    keys = set(redis.client.keys())
    with pytest.raises(redis_module.ResponseError):
        redis.client.execute_command("FCALL", "tributary_publish", 1, key, "chat", "message.new", "1")
    assert set(redis.client.keys()) == keys


def test_a_client_msg_id_is_good_for_a_day_per_channel_and_user(hub, redis, project):
    with Overheard(redis, f"chat:{project}", f"jobs:{project}") as overheard:
        first, _ = fcall(redis, project, "chat", "message.new", "1", "CLIENT_MSG_ID", "k")
        assert fcall(redis, project, "chat", "message.new", "2", "client_msg_id", "k") == [first, 1]
        ids = {first}
        for channel, event, *to in (
            ("jobs", "job.started"),
            ("chat", "message.new", "TO", "user:u1"),
            ("chat", "message.new", "TO", "user:u2"),
        ):
            id, duplicate = fcall(redis, project, channel, event, "3", "CLIENT_MSG_ID", "k", *to)
            assert duplicate == 0
            ids.add(id)
            assert fcall(redis, project, channel, event, "3", "CLIENT_MSG_ID", "k", *to) == [id, 1]
        assert len(ids) == 4
        for _ in ids:
            overheard.next()
        overheard.silence()
    keys = redis.client.keys(f"tributary:{{{project}}}:dedupe*")
    assert keys and all(DAY - 60 <= redis.client.ttl(key) <= DAY for key in keys)


def test_every_key_has_a_time_to_live_in_the_projects_slot(hub, redis, project):
    fcall(redis, project, "chat", "message.new", "1", "ID", 10, "CLIENT_MSG_ID", "k")
    fcall(redis, project, "chat", "message.new", "1", "ID", 9)
    with hub.stream("chat,jobs", project_id=project):
        keys = redis.client.keys(f"*{project}*")
        assert len(keys) >= 3
        for key in keys:
            assert key.startswith(f"tributary:{{{project}}}:".encode()), key
            assert redis.client.ttl(key) > 0, key
    assert all(redis.client.ttl(key) > 0 for key in redis.client.keys()), "nothing is kept for ever"


def command(*arguments):
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        argument = str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(argument), argument))
    return b"".join(parts)


@pytest.mark.slow
def test_1000_publishers_at_once_and_one_order_for_everybody(start_hub, start_redis, stopping):
    redis = start_redis()
    hub = start_hub("--tail-bytes", 16 << 20, redis=redis).wait_until_ready()
    project, rounds = "parallel", 3
    topics = ("chat", "jobs")
    events = {"chat": "message.new", "jobs": "job.started"}
    publishers = [socket.create_connection(("127.0.0.1", redis.port)) for _ in range(1_000)]
    overheard = Overheard(redis, *(f"{topic}:{project}" for topic in topics))
    stream = hub.stream("chat,jobs", project_id=project, seconds=60)
    answered = {}
    for turn in range(rounds):
        for index, publisher in enumerate(publishers):
            topic = topics[(index + turn) % 2]
            data = json.dumps({"p": index, "r": turn})
            publisher.sendall(
                command("FCALL", "tributary_publish", 1, f"{{{project}}}", topic, events[topic], data)
            )
        for index, publisher in enumerate(publishers):
            publisher.settimeout(20)
            answer = publisher.recv(200)
            assert answer.startswith(b"*2\r\n:") and answer.endswith(b":0\r\n"), answer
            answered[index, turn] = int(answer.split(b"\r\n")[1][1:])
    for publisher in publishers:
        publisher.close()
    heard = [overheard.next() for _ in range(1_000 * rounds)]
    overheard.close()
    ids = [int(envelope["id"]) for _, envelope in heard]
    assert all(before < after for before, after in itertools.pairwise(ids)), "strictly increasing"
    last, everywhere = dict.fromkeys(topics, 0), []
    for topic, envelope in heard:
        channel = topic.split(":")[0]
        assert int(envelope["prev"]) == last[channel], "chained by prev"
        other = topics[1 - topics.index(channel)]
        # The other channel's newest event is told where it came after `prev`.
        told = {name: int(id) for name, id in envelope.get("seen", {}).items()}
        assert told == ({other: last[other]} if last[other] > last[channel] else {}), envelope
        last[channel] = int(envelope["id"])
        assert answered[envelope["data"]["p"], envelope["data"]["r"]] == last[channel]
        everywhere.append((channel, last[channel]))
    live = [stream.event() for _ in ids]
    stream.close()
    assert [int(frame.id) for frame in live] == ids
    assert [frame.json for frame in live] == [envelope["data"] for _, envelope in heard]
    log = history(hub.url, project)
    assert [(event["channel"], event["id"]) for event in log] == everywhere


# The library.


def fails(redis, *arguments):
    try:
        fcall(redis, *arguments)
    except redis_module.ResponseError as error:
        return str(error)
    return ""


def test_the_library_comes_with_the_first_hub_and_comes_back_after_a_flush(start_hub, start_redis, project):
    redis = start_redis()
    assert "not found" in fails(redis, project, "chat", "message.new", "1").lower()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    first, _ = fcall(redis, project, "chat", "message.new", "1", "CLIENT_MSG_ID", "k")
    redis.client.execute_command("FUNCTION", "FLUSH")
    assert "not found" in fails(redis, project, "chat", "message.new", "1").lower()
    until(lambda: not fails(redis, project, "chat", "message.new", "2"), 5, what="the probe loads it again")
    redis.client.execute_command("FUNCTION", "FLUSH")
    # A publish of the hub's own does not wait for the probe.
    (id,) = publish_numbers(hub, project, [3])
    assert [fcall(redis, project, "chat", "message.new", "1", "CLIENT_MSG_ID", "k")] == [[first, 1]]
    assert history(hub.url, project)[-1]["id"] == id


def test_an_empty_redis_gets_the_library_with_the_reconnect(start_hub, start_redis, project):
    redis = start_redis()
    hub = start_hub("--probe-seconds", 30, redis=redis).wait_until_ready()
    with hub.stream(project_id=project):
        redis.kill()
        until(lambda: not hub.is_ready(), 5)
        redis.start()
        hub.wait_until_ready(20, publishes=True)
        until(lambda: not fails(redis, project, "chat", "message.new", "1"), 5, what="the library is there")


def test_two_hubs_with_one_catalog_do_not_fight_over_the_library(start_hub, start_redis, project):
    redis = start_redis()
    for _ in range(2):
        start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()

    def loads():
        return redis.client.info("commandstats").get("cmdstat_function|load", {"calls": 0})["calls"]

    before = loads()
    time.sleep(3)
    assert loads() == before
    assert not fails(redis, project, "chat", "message.new", "1")


def test_hubs_with_catalogs_of_two_revisions_keep_and_deliver_the_same(start_hub, start_redis, project, tmp_path):
    """`plan.created` is ephemeral in revision 1 and durable in revision 2."""
    redis, hubs = start_redis(), []
    for revision in (1, 2):
        catalog = json.loads((REPOSITORY / "Protocols" / "catalog.json").read_text()) | {"revision": revision}
        events = [event for channel in catalog["channels"] for event in channel["events"]]
        (created,) = [event for event in events if event["name"] == "plan.created"]
        created["durable"] = revision == 2
        file = tmp_path / f"{revision}.json"
        file.write_text(json.dumps(catalog))
        hubs.append(start_hub("--catalog", file, "--probe-seconds", 1, redis=redis).wait_until_ready())
    (channel,) = [channel["name"] for channel in catalog["channels"] if created in channel["events"]]
    old = hubs[0]
    with old.stream(channel, project_id=project) as on_old, hubs[1].stream(channel, project_id=project) as on_new:
        ids = [fcall(redis, project, channel, "plan.created", {"n": 0})[0]]

        def is_kept():
            receipt = old.publish(channel, "plan.created", {"n": 1}, project)
            if receipt["id"] is not None:
                ids.append(receipt["id"])
            return receipt["id"] is not None

        until(is_kept, 10, what="the old hub asks the log")
        ids.append(fcall(redis, project, channel, "plan.created", {"n": 2})[0])
        for stream in (on_old, on_new):
            got = []
            while str(ids[-1]) not in got:
                frame = stream.event()
                if frame.json["n"] != 1 or frame.id is not None:
                    got.append(frame.id)
            assert got == [str(id) for id in ids]
    assert [event["id"] for event in history(old.url, project)] == ids


def test_with_a_prefix_keys_and_topics_carry_it(start_hub, start_redis, project):
    redis = start_redis()
    plain = start_hub(redis=redis).wait_until_ready()
    acme = start_hub("--redis-prefix", "acme", redis=redis).wait_until_ready()
    with (
        acme.stream(project_id=project) as theirs,
        plain.stream(project_id=project) as ours,
        Overheard(redis, f"acme:chat:{project}") as overheard,
    ):
        call = ["FCALL", "tributary_publish", 1, f"acme:{{{project}}}", "chat", "message.new", "1"]
        id, duplicate = redis.client.execute_command(*call)
        assert duplicate == 0 and int(overheard.next()[1]["id"]) == id
        assert theirs.event().id == str(id)
        other, _ = fcall(redis, project, "chat", "message.new", "2")
        assert ours.event().id == str(other)
        ours.silence(0.2)
        theirs.silence(0.1)
        keys = {key for key in redis.client.keys() if f"{{{project}}}".encode() in key}
    assert any(key.startswith(f"acme:{{{project}}}:".encode()) for key in keys)
    assert all(key.startswith((f"acme:{{{project}}}:".encode(), f"tributary:{{{project}}}:".encode())) for key in keys)
    assert [event["id"] for event in history(acme.url, project)] == [id]
    assert [event["id"] for event in history(plain.url, project)] == [other]


# Publishing through the hub while Redis fails.


def attempt(hub, project, key, seconds=20):
    body = {"channel": "chat", "project_id": project, "event": "message.new", "data": {"k": key}, "client_msg_id": key}
    return httpx.post(hub.url + "/publish", json=body, timeout=seconds)


def publish_at_last(hub, project, key):
    """The answer of the first attempt that is not refused with 503."""
    answers = (attempt(hub, project, key) for _ in itertools.count())
    answer = until(lambda: next((one for one in [next(answers)] if one.status_code != 503), None), 20, every=0.05)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_redis_down_is_503_and_nothing_half_done(start_hub, start_redis, project):
    redis = start_redis("--appendonly", "yes", "--appendfsync", "always")
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream(project_id=project) as stream:
        redis.kill()
        for _ in range(5):
            answer = attempt(hub, project, "down")
            assert (answer.status_code, answer.json()["error"]) == (503, "relay_unavailable")
        redis.start()
        receipt = publish_at_last(hub, project, "down")
        hub.wait_until_ready(20)
        assert receipt["duplicate"] is False
        assert [event["id"] for event in history(hub.url, project)] == [receipt["id"]]
        assert stream.event("message.new").id == str(receipt["id"])
        stream.silence(0.3)


def test_a_redis_that_hangs_is_503_and_a_retry_makes_no_second_event(start_hub, start_redis, project):
    """The hub gives up, but Redis finds the call in its socket when it wakes: the retry has to be a duplicate."""
    redis = start_redis()
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    with hub.stream(project_id=project) as stream:
        redis.pause()
        answer = attempt(hub, project, "hang", 30)
        assert (answer.status_code, answer.json()["error"]) == (503, "relay_unavailable")
        redis.resume()
        id = publish_at_last(hub, project, "hang")["id"]
        hub.wait_until_ready(20)
        assert [event["id"] for event in history(hub.url, project)] == [id]
        assert stream.event("message.new").id == str(id)
        (last,) = publish_numbers(hub, project, ["last"])
        assert stream.event("message.new").id == str(last), "once"


@pytest.mark.slow
def test_retries_across_outages_give_each_event_once(start_hub, start_redis, project):
    redis = start_redis("--appendonly", "yes", "--appendfsync", "always")
    hub = start_hub("--probe-seconds", 1, redis=redis).wait_until_ready()
    receipts, ending = {}, threading.Event()

    def publish(first):
        for number in itertools.count(first, 4):
            if ending.is_set():
                return
            while True:
                try:
                    answer = attempt(hub, project, f"n-{number}")
                except httpx.HTTPError:
                    continue
                if answer.status_code == 200:
                    receipts[f"n-{number}"] = answer.json()["id"]
                    break
                assert answer.status_code == 503, answer.text
                time.sleep(0.05)

    threads = [threading.Thread(target=publish, args=(first,)) for first in range(4)]
    with hub.stream(project_id=project, seconds=30) as stream:
        for thread in threads:
            thread.start()
        for turn in range(4):
            count = len(receipts)
            until(lambda count=count: len(receipts) > count + 50, 20, what="publishing goes on")
            if turn % 2:
                redis.pause()
                time.sleep(1)
                redis.resume()
            else:
                redis.kill()
                redis.start()
        ending.set()
        for thread in threads:
            thread.join(30)
        log = history(hub.url, project)
        assert {event["data"]["k"]: event["id"] for event in log} == receipts and len(log) == len(receipts)
        assert [int(stream.event("message.new").id) for _ in log] == [event["id"] for event in log]


# The command.


@pytest.mark.parametrize("way", ["http", "redis"])
def test_the_command_publishes_once_however_often_it_is_called(hub, redis, project, way):
    where = ("--url", hub.url) if way == "http" else ("--redis", redis.url)

    def publish(*options):
        process = tributary("publish", "chat", "message.new", '{"n":1}', "--project", project, *where, *options)
        assert process.wait(15) == 0, process.said
        return json.loads(process.output[-1])

    with hub.stream(project_id=project) as stream:
        first = publish("--client-msg-id", "k")
        assert first["duplicate"] is False and stream.event().id == str(first["id"])
        assert publish("--client-msg-id", "k") == {"id": first["id"], "duplicate": True}
        second = publish()
        assert second["id"] > first["id"] and stream.event().id == str(second["id"])
    process = tributary("publish", "chat", "message.new", "1", "--project", project, "--id", 7, *where)
    assert process.wait(15) != 0 and "ids" in process.said and len(process.said.splitlines()) == 1
    assert [event["id"] for event in history(hub.url, project)] == [first["id"], second["id"]]


def test_the_command_says_that_a_hub_has_to_be_started_first(start_redis):
    process = tributary("publish", "chat", "message.new", "1", "--redis", start_redis().url)
    assert process.wait(15) != 0
    assert "hub" in process.said and "Fatal" not in process.said and len(process.said.splitlines()) == 1, process.said


def test_listening_goes_on_after_a_cut_without_a_hole(start_hub, start_redis, start_proxy, stopping, project):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    proxy = start_proxy(hub.address)
    listening = stopping(tributary("listen", "--json", "--url", proxy.url, "--project", project))
    until(lambda: hub.open_streams() == 1, 10)
    ids = []
    for turn in range(3):
        ids += publish_numbers(hub, project, range(3), ("chat", "jobs")[turn % 2])
        until(lambda: all(str(id) in listening.said for id in ids), 15, what="it printed what it heard")
        proxy.cut()
        # More than a replay holds: the rest comes from the history.
        ids += publish_numbers(hub, project, range(3, 450), ("chat", "jobs")[turn % 2])
    ids += publish_numbers(hub, project, ["last"])
    until(lambda: str(ids[-1]) in listening.said, 30, what="it printed the last one")
    printed = [json.loads(line) for line in listening.output]
    assert [int(event["id"]) for event in printed if event.get("id")] == ids
