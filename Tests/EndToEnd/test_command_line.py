"""Options, environment, configuration file, and the one clear line when something is wrong."""

import json
import socket

import pytest

from harness.hub import tributary
from harness.ports import free_port
from harness.waiting import holds


@pytest.fixture
def fails(stopping):
    """Runs a command that has to fail with few clear words; returns them."""

    def fails(*arguments, saying, environment=None, seconds=10):
        process = stopping(tributary(*arguments, environment=environment))
        code = process.wait(seconds)
        assert code != 0, process.said
        assert saying.lower() in process.said.lower(), process.said
        assert code > 0, f"it crashed with signal {-code}: {process.said}"
        assert "Fatal error" not in process.said
        return process.said

    return fails


def test_a_port_in_use_is_told(fails):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "in use" in fails("serve", "--port", port, saying=str(port)).lower()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:6379", "redis://", "redis://host:port", "redis://h:6379/x", "nonsense"]
)
def test_a_bad_redis_url_is_told(fails, url):
    fails("serve", "--port", 0, "--redis", url, saying="redis")


def test_the_password_in_a_redis_url_is_not_printed(fails, start_hub):
    assert "hunter2" not in fails("serve", "--port", 0, "--redis", "redis://u:hunter2@h:0x1", saying="redis")
    hub = start_hub(redis=f"redis://u:hunter2@127.0.0.1:{free_port()}")
    holds(lambda: "hunter2" not in hub.said, 1.5)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["--port", "http"],
        ["--port", "70000"],
        ["--heartbeat-seconds", "-1"],
        ["--threads", "0"],
        ["--auth", "wishful"],
    ],
)
def test_a_wrong_option_is_told(fails, arguments):
    fails("serve", *arguments, saying=arguments[0].lstrip("-"))


def test_an_unknown_variable_of_the_hubs_own_is_an_error(fails):
    fails("serve", "--port", 0, environment={"TRIBUTARY_HEARTBEET_SECONDS": "5"}, saying="HEARTBEET")


def test_the_environment_configures_the_hub_and_the_command_line_wins(start_hub):
    hub = start_hub(environment={"TRIBUTARY_HEARTBEAT_SECONDS": "7"})
    with hub.stream() as stream:
        assert stream.greeting.json["heartbeat_ms"] == 7_000
    hub = start_hub("--heartbeat-seconds", 9, environment={"TRIBUTARY_HEARTBEAT_SECONDS": "7"})
    with hub.stream() as stream:
        assert stream.greeting.json["heartbeat_ms"] == 9_000


def test_a_file_configures_the_hub_below_the_environment(start_hub, fails, tmp_path):
    file = tmp_path / "tributary.json"
    file.write_text(json.dumps({"heartbeat-seconds": 6, "node": "from-file"}))
    hub = start_hub("--config", file)
    with hub.stream() as stream:
        assert (stream.greeting.json["heartbeat_ms"], stream.greeting.json["node"]) == (6_000, "from-file")
    hub = start_hub(environment={"TRIBUTARY_CONFIG": str(file), "TRIBUTARY_NODE": "from-environment"})
    with hub.stream() as stream:
        assert (stream.greeting.json["heartbeat_ms"], stream.greeting.json["node"]) == (6_000, "from-environment")
    file.write_text(json.dumps({"heartbeet-seconds": 6}))
    fails("serve", "--port", 0, "--config", file, saying="heartbeet-seconds")
    fails("serve", "--port", 0, "--config", tmp_path / "missing.json", saying="missing.json")


def test_it_binds_only_loopback_unless_told_that_there_is_no_authentication(fails, start_hub):
    fails("serve", "--hostname", "0.0.0.0", "--port", 0, saying="--auth none")
    hub = start_hub("--hostname", "0.0.0.0", "--auth", "none")
    assert hub.port


def test_a_redis_that_cannot_be_reached_is_told_and_the_hub_keeps_trying(start_hub, start_redis, stopping, tmp_path):
    port = free_port()
    hub = start_hub(redis=f"redis://127.0.0.1:{port}")
    answer = hub.get("/readyz")
    assert answer.status_code == 503
    assert hub.get("/healthz").status_code == 200
    hub.line(str(port))
    with hub.stream() as stream:
        redis = start_redis(port=port)
        hub.wait_until_ready()
        redis.wait_for_subscriber("chat:default")
        redis.publish("chat:default", '{"event":"typing.start","data":1}')
        assert stream.event("typing.start").data == "1"


def test_publish_says_what_is_wrong_in_one_line(fails, hub):
    port = free_port()
    fails("publish", "chat", "message.new", "{}", "--url", f"http://127.0.0.1:{port}", saying=str(port))
    fails("publish", "chat", "message.new", "{}", "--redis", f"redis://127.0.0.1:{port}", saying=str(port), seconds=20)
    fails("publish", "chat", "message.new", "{broken", "--url", hub.url, saying="json")
    fails("publish", "nowhere", "message.new", "{}", "--url", hub.url, saying="nowhere")
    fails("publish", "chat", "connected", "{}", "--url", hub.url, saying="connected")


def test_a_catalog_that_cannot_be_read_is_told(fails, tmp_path):
    fails("serve", "--port", 0, "--catalog", tmp_path / "missing.json", saying="missing.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    fails("serve", "--port", 0, "--catalog", broken, saying="broken.json")
