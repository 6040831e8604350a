"""What a newcomer does in the first minute: no Redis, two terminals."""

import json
import signal
import subprocess
from datetime import datetime

import pytest

from harness.hub import BINARY, tributary
from harness.processes import Process
from harness.waiting import until

CHANNELS = ["chat", "jobs", "presence", "advisor", "github-sync", "pending-changes"]


@pytest.fixture
def run(stopping):
    """Runs one command of the binary to its end: `(exit code, process)`."""

    def run(*arguments, seconds=10, **options):
        process = stopping(tributary(*arguments, **options))
        return process.wait(seconds), process

    return run


def test_curl_sees_connected_and_then_what_tributary_publish_sends(start_hub, stopping, run):
    hub = start_hub()
    curl = stopping(Process(["curl", "-sSN", f"{hub.url}/stream?channels=chat,jobs"]))
    curl.line("event: connected")
    greeting = json.loads(curl.line("data: ").removeprefix("data: "))
    assert greeting["channels"] == ["chat", "jobs"]
    code, publish = run("publish", "chat", "message.new", '{"text":"hi"}', "--url", hub.url)
    assert code == 0, publish.said
    curl.line("event: message.new", 2)
    curl.line('data: {"text":"hi"}', 2)
    code, publish = run("publish", "job", "job.progress", '{"percent": 50}', "--url", hub.url)
    assert code == 0, publish.said
    curl.line('data: {"percent": 50}', 2)
    assert curl.output[-3:] == ["event: job.progress", 'data: {"percent": 50}', ""]


def test_serve_prints_two_commands_to_try_next(start_hub):
    hub = start_hub()
    hub.line("curl -N")
    hub.line("tributary publish")
    assert f"{hub.url}/stream" in hub.line("curl -N")


def test_the_commands_that_serve_prints_work_as_they_stand(start_hub, stopping):
    hub = start_hub()
    lines = [line.strip().lstrip("$ ") for line in hub.output + hub.errors]
    curl_line = hub.line("curl -N").strip()
    publish_line = hub.line("tributary publish").strip()
    curl_command = curl_line[curl_line.index("curl -N") :]
    publish_command = publish_line[publish_line.index("tributary publish") :]
    shell = lambda command: ["bash", "-c", f'export PATH="{BINARY.parent}:$PATH"; exec {command}']
    curl = stopping(Process(shell(curl_command), name="curl"))
    curl.line("event: connected")
    publish = stopping(Process(shell(publish_command), name="publish"))
    assert publish.wait() == 0, publish.said
    seen = lambda: [line for line in curl.output if line.startswith("event: ")]
    until(lambda: len(seen()) == 2, 5, what=f"the published event shows up; {lines}")


def test_connected_tells_everything_that_the_contract_names(start_hub):
    hub = start_hub()
    with hub.stream("chat,jobs", project_id="p1", client_instance_id="0b9f-1", user_id="auth0|5f+ü@c.de") as stream:
        greeting = stream.greeting.json
        assert stream.greeting.raw.startswith(b"event: connected\ndata: {")
        assert stream.greeting.id is None
        assert stream.greeting.raw.count(b"data: ") == 1
        assert greeting["protocol"] == 1
        assert greeting["user_id"] == "auth0|5f+ü@c.de"
        assert greeting["project_id"] == "p1"
        assert greeting["channels"] == ["chat", "jobs"]
        assert {"message.new", "job.started"} <= set(greeting["events"])
        assert "presence.changed" not in greeting["events"]
        assert greeting["heartbeat_ms"] == 25_000
        assert isinstance(greeting["recovered"], bool)
        assert greeting["connection_id"] and greeting["node"] == hub.stats()["node"]
        assert datetime.fromisoformat(greeting["timestamp"]).tzinfo
        assert greeting.keys() & {"from_seq", "latest_seq"} == set(), "nothing was asked for, nothing is known"


def test_the_answer_has_the_headers_that_keep_proxies_from_buffering(hub):
    with hub.stream() as stream:
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["cache-control"] == "no-cache, no-transform"
        assert stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["connection"].lower() == "close"
        assert "transfer-encoding" not in stream.headers
        assert "content-length" not in stream.headers


def test_retry_differs_between_streams_by_up_to_a_quarter(hub):
    retries = []
    for _ in range(24):
        with hub.stream() as stream:
            # In the first frame, or right after it.
            retries.append(stream.greeting.retry or stream.next().retry)
    assert all(2_250 <= retry <= 3_750 for retry in retries), retries
    assert len(set(retries)) > 12, retries
    assert max(retries) - min(retries) > 300, retries


@pytest.mark.parametrize("channels", [None, "all"])
def test_no_channels_or_all_means_every_channel(hub, channels):
    with hub.stream(channels) as stream:
        assert stream.greeting.json["channels"] == CHANNELS


def test_connection_ids_are_unique(hub):
    ids = set()
    for _ in range(20):
        with hub.stream() as stream:
            ids.add(stream.greeting.json["connection_id"])
    assert len(ids) == 20


def test_listen_prints_what_arrives_as_json(start_hub, stopping):
    hub = start_hub()
    listen = stopping(tributary("listen", "--channels", "chat,jobs", "--project", "p1", "--url", hub.url, "--json"))
    hub.wait_for_streams(1)
    hub.publish("chat", "message.new", {"text": "grüße"}, project="p1")
    hub.publish("jobs", "of.nobody", [1, 2], project="p1")
    first = json.loads(listen.line("message.new"))
    assert first["event"] == "message.new" and first["data"] == {"text": "grüße"}
    second = json.loads(listen.line("of.nobody"))
    assert second["data"] == [1, 2]
    listen.signal(signal.SIGINT)
    listen.wait()
    hub.wait_for_streams(0)


def test_listen_prints_one_readable_line_an_event_without_colour_into_a_pipe(start_hub, stopping):
    hub = start_hub()
    listen = stopping(tributary("listen", "--channels", "chat", "--url", hub.url))
    hub.wait_for_streams(1)
    hub.publish("chat", "typing.start", {"userId": "u1"})
    assert "\x1b" not in listen.line("typing.start")


def test_demo_is_lively_on_its_five_channels(start_hub):
    hub = start_hub("--demo")
    seen = set()
    with hub.stream(None, seconds=30) as stream:
        catalog = {name: set() for name in CHANNELS}
        for name in CHANNELS:
            with hub.stream(name) as one:
                catalog[name] = set(one.greeting.json["events"])
        while len(seen) < 5:
            event = stream.event().event
            seen |= {name for name, events in catalog.items() if event in events}
    assert {"chat", "jobs", "presence", "advisor", "github-sync"} <= seen


def test_version_and_help_answer(run):
    code, process = run("--help")
    assert code == 0 and "serve" in process.said and "publish" in process.said
    code, process = run("serve", "--help")
    assert code == 0
    for option in (
        "--hostname",
        "--port",
        "--redis",
        "--catalog",
        "--heartbeat-seconds",
        "--threads",
        "--demo",
        "--auth",
    ):
        assert option in process.said


def test_curl_head_and_post_answer_without_opening_a_stream(hub):
    before = hub.stats()["streams"]["opened_total"]
    head = subprocess.run(
        ["curl", "-sSI", f"{hub.url}/stream?channels=chat"], capture_output=True, text=True, check=True
    )
    assert head.stdout.startswith("HTTP/1.1 200")
    assert "text/event-stream" in head.stdout
    post = subprocess.run(
        ["curl", "-sS", "-X", "POST", f"{hub.url}/stream?user_id=u7"], capture_output=True, check=True
    )
    answer = json.loads(post.stdout)
    assert answer["authenticated"] is True and answer["userId"] == "u7"
    assert hub.stats()["streams"]["opened_total"] == before
