"""Services publish through Redis; what they wrote is what streams read."""

import json
import subprocess

import pytest

from harness.hub import tributary
from harness.ports import free_port
from harness.waiting import until


def wait_for(redis, hub, stream, project="p1", channel="chat"):
    redis.wait_for_subscriber(f"{channel}:{project}")


def test_redis_cli_publishes_and_every_byte_of_the_data_arrives(redis_hub, redis):
    with redis_hub.stream(project_id="p1") as stream:
        heard = redis.cli("PUBLISH", "chat:p1", '{"event":"message.new","id":"7","data":{"a": 1 }}')
        assert heard == "1", "one subscription a node, and it stands when `connected` has arrived"
        assert stream.event().raw == b'id: 7\nevent: message.new\ndata: {"a": 1 }\n\n'


@pytest.mark.parametrize(
    "data",
    [
        '{"a": 1 }',
        '{ "b" :\t2}',
        "[]",
        "[ 1,2 ,3]",
        '"text"',
        '""',
        "null",
        "true",
        "false",
        "0",
        "-0.0",
        "1e400",
        "1E+2",
        "12345678901234567890123",
        '{"a":1,"a":2}',
        '{"grüße":"日本語 🎉","escaped":"\\u00e9\\ud83d\\ude00\\n\\u0000"}',
        '{"slash":"\\/","event":"x","data":{"data":[{"id":1}]}}',
        '{"html":"</script>\u2028\u2029\u0085"}',
        "{}",
        '{"":""}',
        '{"long":"' + "z" * 200_000 + '"}',
        "[" * 60 + "]" * 60,
    ],
    ids=lambda data: data[:24],
)
def test_data_is_passed_on_untouched(redis_hub, redis, data):
    with redis_hub.stream(project_id="bytes") as stream:
        redis.publish("chat:bytes", f'{{"event":"typing.start","data":{data}}}'.encode())
        assert stream.event().raw == f"event: typing.start\ndata: {data}\n\n".encode()


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_a_line_break_between_tokens_becomes_several_data_lines(redis_hub, redis, line_break):
    data = line_break.join(['{"a":', "", " 1 }"])
    with redis_hub.stream(project_id="lines") as stream:
        redis.publish("chat:lines", f'{{"event":"typing.start","data":{data}}}'.encode())
        assert stream.event().raw == b'event: typing.start\ndata: {"a":\ndata: \ndata:  1 }\n\n'


def test_keys_may_stand_in_any_order_and_unknown_keys_are_passed_over(redis_hub, redis):
    envelope = (
        ' {"data" : [ 1 ] , "x": {"y":[null]}, "ts": 1, "committed_at":2,'
        '"traceparent":"00-a-b-01", "id": 12 ,\n"event":"message.new"} '
    )
    with redis_hub.stream(project_id="order") as stream:
        redis.publish("chat:order", envelope)
        assert stream.event().raw == b"id: 12\nevent: message.new\ndata: [ 1 ]\n\n"


def test_an_event_that_the_catalog_does_not_know_passes_through(redis_hub, redis):
    with redis_hub.stream(project_id="open") as stream:
        redis.publish("chat:open", '{"event":"made.up/by:us 1 ü","data":1}')
        assert stream.event().raw == "event: made.up/by:us 1 ü\ndata: 1\n\n".encode()


def test_the_names_of_existing_services_pass_through_as_they_came(redis_hub, redis):
    with redis_hub.stream("jobs,pending-changes", project_id="legacy") as stream:
        redis.publish("job:legacy", '{"event":"job_started","data":{"id":"j","task_type":"t","status":"running"}}')
        assert stream.event().event == "job_started"
        redis.publish(
            "pending-changes:legacy", '{"event":"manifest_changed","data":{"project_folder":"f","timestamp":1}}'
        )
        assert stream.event().event == "manifest_changed"


def test_the_alias_reaches_the_channel_and_counts_as_it(redis_hub, redis):
    before = redis_hub.stats()["channels"]["jobs"]["published_total"]
    with redis_hub.stream("jobs", project_id="alias") as stream, redis_hub.stream("job", project_id="alias") as other:
        for name in ("job", "jobs"):
            redis.publish(f"{name}:alias", json.dumps({"event": "job.progress", "data": name}))
            assert stream.event().json == name
            assert other.event().json == name
    stats = redis_hub.stats()["channels"]
    assert stats["jobs"]["published_total"] == before + 2
    assert "job" not in stats


def test_a_broadcast_reaches_every_project_without_an_id(redis_hub, redis):
    with (
        redis_hub.stream(project_id="b1") as one,
        redis_hub.stream(project_id="b2") as two,
        redis_hub.stream("jobs", project_id="b1") as other,
    ):
        redis.publish("chat", '{"event":"message.new","id":"5","data":{"to":"all"}}')
        for stream in (one, two):
            assert stream.event().raw == b'event: message.new\ndata: {"to":"all"}\n\n'
        other.silence(0.3)


def test_an_event_to_a_user_reaches_all_of_that_users_streams_and_no_others(redis_hub, redis):
    user = "auth0|5f+ü@c.de"
    with (
        redis_hub.stream(project_id="to", user_id=user) as one,
        redis_hub.stream(project_id="to", user_id=user) as two,
        redis_hub.stream(project_id="to", user_id="u2") as other,
        redis_hub.stream(project_id="elsewhere", user_id=user) as elsewhere,
    ):
        redis.publish("chat:to", json.dumps({"event": "message.new", "data": "secret", "to": {"user": user}, "id": 3}))
        assert one.event().json == "secret"
        assert two.event().json == "secret"
        redis.publish("chat:to", json.dumps({"event": "message.new", "data": "open", "id": 4}))
        assert other.event().json == "open"
        assert one.event().json == "open"
        elsewhere.silence(0.2)


def test_an_id_makes_only_a_durable_event_durable(redis_hub, redis):
    def ignored():
        return sum(count for reason, count in redis_hub.stats()["relay"]["rejected_total"].items() if "id" in reason)

    before = ignored()
    with redis_hub.stream("chat,jobs,presence", project_id="ids") as stream:
        for channel, event, id, expected in (
            ("chat", "message.new", '"7"', "7"),
            ("chat", "message.new", "8", "8"),
            ("chat", "message.unlisted", "9", "9"),
            ("jobs", "job.completed", '"10"', "10"),
            ("chat", "typing.start", '"11"', None),
            ("jobs", "job.progress", "12", None),
            ("presence", "presence.changed", "13", None),
            ("chat", "message.new", '"01HXULID"', None),
            ("chat", "message.new", "0", None),
            ("chat", "message.new", "-4", None),
            ("chat", "message.new", "1.5", None),
            ("chat", "message.new", "9007199254740992", None),
            ("chat", "message.new", '"2024-01-01T00:00:00Z"', None),
            ("chat", "message.new", "9007199254740991", "9007199254740991"),
            ("chat", "message.new", "null", None),
            ("chat", "message.new", "[1]", None),
        ):
            redis.publish(f"{channel}:ids", f'{{"event":"{event}","id":{id},"data":{{"a":1}}}}')
            frame = stream.event()
            assert (frame.event, frame.id) == (event, expected), (channel, event, id)
    assert ignored() - before == 10, redis_hub.stats()["relay"]["rejected_total"]


def test_retry_is_clamped_and_sent_with_its_frame(redis_hub, redis):
    with redis_hub.stream(project_id="retry") as stream:
        for asked, given in ((5000, 5000), (1, 1000), (999999, 60000)):
            redis.publish("chat:retry", f'{{"event":"typing.start","retry":{asked},"data":1}}')
            assert stream.event().retry == given


def test_two_hubs_on_one_redis_reach_each_others_streams(start_hub, redis, redis_hub, stopping):
    other = start_hub(redis=redis).wait_until_ready()
    assert other.stats()["node"] != redis_hub.stats()["node"]
    with redis_hub.stream(project_id="two") as here, other.stream(project_id="two") as there:
        redis.wait_for_subscriber("chat:two", 2)
        sent = []
        for turn, publish in enumerate((redis_hub.publish, other.publish)):
            publish("chat", "message.new", {"turn": turn}, project="two", id=str(turn + 1))
            sent.append({"turn": turn})
        redis.publish("chat:two", '{"event":"message.new","data":{"turn": 2}}')
        sent.append({"turn": 2})
        for stream in (here, there):
            assert [stream.event().json for _ in sent] == sent
            stream.silence(0.2)


def test_the_command_publishes_through_redis_too(redis_hub, redis, stopping):
    with (
        redis_hub.stream(project_id="cmd", user_id="u1") as stream,
        redis_hub.stream(project_id="cmd", user_id="u2") as other,
    ):
        command = stopping(
            tributary(
                "publish",
                "chat",
                "message.new",
                '{"a": 1 }',
                "--project",
                "cmd",
                "--redis",
                redis.url,
                "--id",
                "9",
                "--to-user",
                "u1",
            )
        )
        assert command.wait() == 0, command.said
        frame = stream.event()
        assert frame.id == "9" and frame.data == '{"a": 1 }'
        other.silence(0.2)


def test_subscriptions_follow_the_listeners_with_a_linger(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub("--linger-seconds", 2, redis=redis).wait_until_ready()
    count = lambda: redis.client.pubsub_numsub("chat:p1")[0][1]
    first = hub.stream(project_id="p1")
    second = hub.stream(project_id="p1")
    assert count() == 1, "one subscriber connection a node, not one a stream"
    first.close()
    hub.wait_for_streams(1)
    assert count() == 1
    second.close()
    hub.wait_for_streams(0)
    assert count() == 1, "a page reload must not cost a resubscription"
    until(lambda: count() == 0, 6)
    with hub.stream(project_id="p1") as third:
        redis.publish("chat:p1", '{"event":"typing.start","data":1}')
        assert third.event().data == "1"


@pytest.mark.parametrize("kind", ["password", "user", "database", "unix", "tls", "prefix"])
def test_every_kind_of_redis_url_works(start_hub, start_redis, tmp_path, kind):
    options, arguments, prefix, secure = [], [], "", None
    if kind == "password":
        options = ["--requirepass", "p@ss w/rd"]
    if kind == "tls":
        certificate, key = tmp_path / "redis.crt", tmp_path / "redis.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
            + ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True,
            capture_output=True,
        )
        secure = free_port()
        options = ["--tls-port", secure, "--tls-cert-file", certificate, "--tls-key-file", key]
        options += ["--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"]
    if kind == "user":
        options = ["--user", "hub", "on", ">secret", "+@all", "~*", "&*", "--user", "default", "off"]
    redis = start_redis(*options)
    url = {
        "password": f"redis://:p%40ss%20w%2Frd@127.0.0.1:{redis.port}",
        "user": f"redis://hub:secret@127.0.0.1:{redis.port}",
        "database": f"redis://127.0.0.1:{redis.port}/3",
        "unix": f"unix://{redis.socket}",
        "prefix": redis.url,
        "tls": f"rediss://localhost:{secure}?ca_file={tmp_path}/redis.crt",
    }[kind]
    if kind == "prefix":
        arguments, prefix = ["--redis-prefix", "acme"], "acme:"
    hub = start_hub(*arguments, redis=url).wait_until_ready()
    with hub.stream(project_id="p1") as stream:
        assert hub.publish("chat", "message.new", {"by": kind}, project="p1", id="3")["id"] == 3
        assert stream.event().json == {"by": kind}
    assert prefix == "" or redis.client.pubsub_numsub("chat:p1")[0][1] == 0
