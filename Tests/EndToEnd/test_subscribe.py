"""What `/stream` takes and what it refuses, over plain sockets."""

import json

import pytest

from harness.stream import Stream


def refused(hub, status=400, headers=None, **query):
    with Stream(hub.address, headers=headers, **query) as answer:
        assert answer.status == status, (query, answer.status)
        assert answer.headers["content-type"].startswith("application/json")
        problem = json.loads(answer.body())
        assert problem["error"] == problem["error"].lower() and " " not in problem["error"]
        assert problem["message"]
        return problem


@pytest.mark.parametrize("channels", ["nope", "chat,nope", "CHAT", "chat jobs", "ch\nat", "a" * 65])
def test_an_unknown_channel_is_refused_by_name(hub, channels):
    problem = refused(hub, channels=channels)
    if channels == "chat,nope":
        assert "nope" in problem["message"]


@pytest.mark.parametrize(
    "query",
    [
        {"from_seq": "-1"},
        {"from_seq": "x"},
        {"from_seq": "1.5"},
        {"from_seq": "NaN"},
        {"from_seq": "9" * 30},
        {"from_seq": ""},
        {"last_event_id": "x"},
        {"heartbeat_ms": "4999"},
        {"heartbeat_ms": "60001"},
        {"heartbeat_ms": "soon"},
        {"heartbeat": "loud"},
        {"project_id": "a b"},
        {"project_id": "x" * 129},
        {"project_id": ""},
        {"project_id": "a/b"},
        {"client_instance_id": "a b"},
        {"user_id": "a\nb"},
        {"user_id": "x" * 257},
        {"user_id": ""},
    ],
)
def test_a_malformed_query_value_is_refused(hub, query):
    refused(hub, **query)


def test_percent_garbage_in_the_query_is_refused(hub):
    for target in ("/stream?project_id=%zz", "/stream?project_id=%", "/stream?user_id=%ff%fe"):
        with Stream(hub.address, path=target) as answer:
            assert answer.status == 400, target


def test_both_spellings_and_the_alias_are_understood(hub):
    with hub.stream("job", projectId="p.1:x@y-Z_9", clientInstanceId="i-1") as stream:
        assert stream.greeting.json["channels"] == ["jobs"]
        assert stream.greeting.json["project_id"] == "p.1:x@y-Z_9"


def test_without_a_project_it_is_default_and_without_a_user_the_peer_address(hub):
    with hub.stream(source="127.0.0.5") as stream:
        assert stream.greeting.json["project_id"] == "default"
        assert "127.0.0.5" in stream.greeting.json["user_id"]


def test_a_malformed_last_event_id_header_is_told_and_not_refused(hub):
    with hub.stream(headers={"Last-Event-ID": "01HX-not-a-number"}) as stream:
        assert stream.greeting.json["recovered"] is False
        assert stream.event().event == "gap"


def test_a_cursor_without_a_log_is_told_by_gap(hub):
    with hub.stream(from_seq=12, project_id="unheard-of") as stream:
        assert stream.greeting.json["recovered"] is False
        assert stream.greeting.json["from_seq"] == 12
        gap = stream.event()
        assert gap.event == "gap" and gap.id is None
        assert gap.json["project_id"] == "unheard-of"
        assert gap.json["channels"] == ["chat"]
        assert gap.json["reason"] and gap.json["timestamp"]


def test_the_header_wins_over_the_query(hub):
    with hub.stream(from_seq=3, headers={"Last-Event-ID": "77"}) as stream:
        assert stream.greeting.json["from_seq"] == 77


def test_a_cursor_at_the_newest_id_is_recovered_without_a_gap(hub):
    with hub.stream(project_id="newest") as watcher:
        hub.publish("chat", "message.new", {"a": 1}, project="newest", id="41")
        assert watcher.event("message.new").id == "41"
        with hub.stream(project_id="newest", from_seq=41) as stream:
            assert stream.greeting.json["recovered"] is True
            assert stream.greeting.json["latest_seq"] == 41
            hub.publish("chat", "message.new", {"a": 2}, project="newest", id="42")
            names = [stream.event().event]
            if names[-1] == "replay.end":
                names.append(stream.event().event)
            assert names[-1] == "message.new" and "gap" not in names


def test_one_connection_may_ask_for_stats_and_then_for_a_stream(hub):
    first = Stream(hub.address, path="/stats")
    assert first.status == 200 and "streams" in json.loads(first.body())
    second = Stream(hub.address, path="/healthz", connection=first.socket)
    assert second.status == 200
    second.body()
    head = Stream(hub.address, method="HEAD", connection=first.socket, channels="chat")
    assert head.status == 200
    with Stream(hub.address, connection=first.socket, channels="chat") as stream:
        assert stream.status == 200
        stream.connected()
        hub.publish("chat", "typing.start", {"kept": "alive"})
        assert stream.event("typing.start").json == {"kept": "alive"}


def test_a_refused_stream_leaves_the_connection_usable(hub):
    first = Stream(hub.address, channels="nope")
    assert first.status == 400
    first.body()
    with Stream(hub.address, connection=first.socket, channels="chat") as stream:
        assert stream.status == 200
        stream.connected()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(hub, method):
    with Stream(hub.address, method=method, headers={"Content-Length": "0"}) as answer:
        assert answer.status == 405
        assert json.loads(answer.body())["error"]


def test_an_unknown_path_is_a_json_404(hub):
    answer = hub.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


def test_head_answers_what_get_would(hub):
    for query, status in (({"channels": "chat"}, 200), ({"channels": "nope"}, 400)):
        with Stream(hub.address, method="HEAD", **query) as answer:
            assert answer.status == status
    head = Stream(hub.address, method="HEAD", channels="chat").headers
    with Stream(hub.address, channels="chat") as stream:
        # One has a connection to keep, the other ends with it; otherwise they are the same, length or not.
        assert {**stream.headers, "date": 0, "connection": 0} == {**head, "date": 0, "connection": 0}


def test_each_stream_gets_exactly_its_channels_also_two_of_one_user(hub):
    with (
        hub.stream("chat", user_id="u1", project_id="each") as chat,
        hub.stream("jobs", user_id="u1", project_id="each") as jobs,
        hub.stream("chat,jobs", user_id="u1", project_id="each") as both,
    ):
        hub.publish("chat", "typing.start", 1, project="each")
        hub.publish("jobs", "job.progress", 2, project="each")
        hub.publish("chat", "typing.stop", 3, project="each")
        assert [chat.event().data for _ in range(2)] == ["1", "3"]
        assert jobs.event().data == "2"
        assert [both.event().data for _ in range(3)] == ["1", "2", "3"]
        jobs.silence(0.3)
        chat.silence(0.1)


def test_projects_do_not_hear_each_other(hub):
    with hub.stream(project_id="one") as one, hub.stream(project_id="two") as two:
        hub.publish("chat", "typing.start", 1, project="one")
        assert one.event().data == "1"
        two.silence(0.3)
