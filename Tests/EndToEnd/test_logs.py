"""What the hub says on standard error: JSON where it is asked for, streams at debug within a bound, and traces."""

import json

import pytest
from redis import ResponseError

from harness.hub import tributary
from harness.waiting import until

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def lines(hub, **fields):
    """The lines so far that say this; each line is one JSON object."""
    found = [json.loads(line) for line in list(hub.errors)]
    return [line for line in found if all(line.get(name) == value for name, value in fields.items())]


@pytest.fixture
def talkative(start_hub):
    return lambda *arguments, **options: start_hub("--log-format", "json", "--log-level", "debug", *arguments, **options)


def test_every_line_is_an_object_that_says_when_how_grave_who_and_what(talkative):
    hub = talkative()
    with hub.stream(user_id='u "1"', project_id="p1") as stream:
        (opened,) = until(lambda: lines(hub, message="stream opened"), 5)
        assert opened["user"] == 'u "1"'
        assert opened["project"] == "p1" and opened["level"] == "debug" and opened["channels"] == ["chat"]
        assert opened["connection"] == stream.greeting.json["connection_id"]
    (closed,) = until(lambda: lines(hub, message="stream closed"), 5)
    assert closed["reason"] == "client" and closed["connection"] == opened["connection"]
    hub.stop()
    for line in lines(hub):
        assert {"timestamp", "level", "label", "message"} <= line.keys()
        assert list(line)[:4] == ["timestamp", "level", "label", "message"]


def test_at_info_streams_are_not_told_of(start_hub):
    hub = start_hub("--log-format", "json")
    with hub.stream():
        pass
    hub.wait_for_streams(0)
    hub.stop()
    assert not lines(hub, message="stream opened") and not lines(hub, message="stream closed")
    assert lines(hub, message="listening", level="info")


def test_text_is_what_people_get_unless_they_ask(start_hub):
    hub = start_hub()
    hub.line("listening")
    assert not any(line.startswith("{") for line in hub.errors)


def test_streams_by_the_hundred_make_a_few_lines_and_a_count(talkative, crowd):
    hub = talkative("--threads", "1")
    members = crowd.open(hub, 400, channels="chat", project_id="many", user_id="u{i}")
    crowd.close(*members)
    hub.wait_for_streams(0)

    def told():
        written = lines(hub, message="stream opened") + lines(hub, message="stream closed")
        left_out = sum(int(line["count"]) for line in lines(hub, message="lines were left out", about="streams"))
        return (len(written), left_out) if len(written) + left_out == 800 else None

    written, left_out = until(told, 10, what="each is written or counted")
    assert left_out > 0
    # 20 a second, however many seconds that took here.
    seconds = {line["timestamp"][:19] for line in lines(hub, label="tributary")}
    assert written <= 20 * (len(seconds) + 2)


def test_a_trace_is_kept_to_the_frames_line_and_to_explain(talkative, start_redis):
    redis = start_redis()
    hub = talkative("--admin-token", "an-operators-token", redis=redis).wait_until_ready()
    with hub.stream(project_id="t", user_id="u1") as stream:
        for number, trace in ((1, TRACE), (2, "x" * 5000), (3, None)):
            more = {} if trace is None else {"traceparent": trace}
            redis.publish("chat:t", {"event": "message.new", "data": {}, "id": number} | more)
        for _ in range(3):
            stream.event("message.new")
        (line,) = until(lambda: lines(hub, message="frame passed on"), 5)
        assert line["traceparent"] == TRACE and line["trace_id"] == TRACE[3:35] and line["span_id"] == TRACE[36:52]
        assert (line["event"], line["channel"], line["project"], line["id"]) == ("message.new", "chat", "t", "1")
        headers = {"authorization": "Bearer an-operators-token"}

        def logged(number):
            query = {"user_id": "u1", "project_id": "t", "id": number}
            return hub.client.get(hub.url + "/explain", params=query, headers=headers).json()["logged"]

        assert logged(1)["traceparent"] == TRACE and logged(1)["state"] == "found"
        assert "traceparent" not in logged(2) and "traceparent" not in logged(3)
        assert "x" * 100 not in "\n".join(hub.errors)


@pytest.mark.parametrize("medium", ["memory", "redis"])
def test_a_trace_is_kept_whichever_way_an_event_is_published(talkative, start_redis, medium):
    redis = start_redis() if medium == "redis" else None
    hub = talkative("--admin-token", "an-operators-token", redis=redis).wait_until_ready()
    operator = {"authorization": "Bearer an-operators-token"}
    other = "00-" + "1" * 32 + "-" + "2" * 16 + "-00"

    def post(event, headers=None, **more):
        body = {"channel": "chat", "project_id": "t", "event": event, "data": {}} | more
        answer = hub.client.post(hub.url + "/publish", json=body, headers=operator | (headers or {}))
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def call(event, *options):
        return redis.client.fcall("tributary_publish", 1, "{t}", "chat", event, "{}", *options)[0]

    def command(event, *options):
        where = ("--redis", redis.url) if redis else ("--url", hub.url, "--token", "an-operators-token")
        process = tributary("publish", "chat", event, "{}", "--project", "t", *where, *options)
        assert process.wait(15) == 0, process.said
        return json.loads(process.output[-1])["id"]

    with hub.stream(project_id="t", user_id="u1") as stream:
        sent = [
            ("key", post("message.new", traceparent=TRACE), TRACE),
            ("header", post("message.new", headers={"traceparent": TRACE}), TRACE),
            ("both", post("message.new", headers={"traceparent": TRACE}, traceparent=other), other),
            ("neither", post("message.new"), None),
            ("broken", post("message.new", headers={"traceparent": TRACE.upper()}), None),
            ("command", command("message.new", "--traceparent", other), other),
        ]
        # One goes by the relay alone, and of the other the log keeps the key.
        post("typing.start", traceparent=TRACE)
        post("typing.start", traceparent=other, client_msg_id="k")
        if redis:
            sent.append(("function", call("message.new", "TRACEPARENT", TRACE), TRACE))
            sent.append(("function without", call("message.new"), None))
            call("typing.stop", "TRACEPARENT", TRACE)
            with pytest.raises(ResponseError, match="invalid_traceparent"):
                call("message.new", "TRACEPARENT", "x")
        for _ in range(len(sent) + (3 if redis else 2)):
            stream.event()
        for way, id, trace in sent:
            query = {"user_id": "u1", "project_id": "t", "id": id}
            logged = hub.client.get(hub.url + "/explain", params=query, headers=operator).json()["logged"]
            assert (logged["state"], logged.get("traceparent")) == ("found", trace), way
        expected = [("message.new", str(id), trace) for _, id, trace in sent if trace]
        expected += [("typing.start", None, TRACE), ("typing.start", None, other)]
        expected += [("typing.stop", None, TRACE)] if redis else []

        def told():
            found = lines(hub, message="frame passed on")
            return [(line["event"], line.get("id"), line["traceparent"]) for line in found]

        until(lambda: len(told()) >= len(expected), 5)
        assert sorted(told(), key=repr) == sorted(expected, key=repr)
        refused = hub.client.post(
            hub.url + "/publish", headers=operator,
            json={"channel": "chat", "project_id": "t", "event": "message.new", "data": {}, "traceparent": "x"})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_traceparent")


def test_no_token_is_in_any_line(talkative):
    hub = talkative("--admin-token", "an-operators-token")
    with hub.stream(token="a-secret-in-the-query"):
        hub.client.get(hub.url + "/connections", headers={"authorization": "Bearer an-operators-token"})
    hub.stop()
    text = "\n".join(hub.errors)
    assert "a-secret" not in text and "an-operators" not in text
