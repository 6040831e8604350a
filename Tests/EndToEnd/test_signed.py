"""Requests that a trusted proxy signs, and what users publish through it."""

import hashlib
import hmac
import json
import subprocess
import time

import pytest

from harness.hub import tributary
from harness.signing import PUBLISHER, SECRET, proxied_hub, signature
from harness.waiting import until

# What the README shows: a shell is proxy enough.
CURL = r"""
timestamp=$(date +%s) user=ada target='/publish' body='{"channel":"chat","event":"message.new","data":{"content":{"text":"hi"}}}'
signature=$(printf '%s\n%s\n%s\n%s\n%s' "$timestamp" POST "$target" "$user" "$(printf %s "$body" | sha256sum | cut -d' ' -f1)" |
  openssl dgst -sha256 -hmac "$TRIBUTARY_SIGNATURE_SECRET" -r | cut -d' ' -f1)
curl -sS "$HUB$target" -d "$body" -H "X-Tributary-Signature: $signature" \
  -H "X-Tributary-Timestamp: $timestamp" -H "X-Tributary-User: $user"
"""


@pytest.fixture
def proxied(start_hub):
    return proxied_hub(start_hub, "--log-level", "trace")


def message(data, **more):
    return {"channel": "chat", "project_id": "p1", "event": "message.new", "data": data} | more


def test_a_shell_signs_for_a_user(proxied):
    with proxied.stream("/stream?channels=chat&project_id=default", "bob") as stream:
        assert json.loads(stream.greeting.data)["user_id"] == "bob"
        answer = subprocess.run(
            ["bash", "-c", CURL],
            env={"PATH": "/usr/bin:/bin", "HUB": proxied.hub.url, "TRIBUTARY_SIGNATURE_SECRET": SECRET},
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert json.loads(answer.stdout)["duplicate"] is False, answer
        assert json.loads(stream.event().data) == {
            "content": {"text": "hi", "actor_type": "client"},
            "userId": "ada",
        }


def test_a_user_speaks_for_itself_alone(proxied):
    with proxied.stream("/stream?channels=chat&project_id=p1", "bob") as stream:
        for data, code, status in [
            ({"userId": "bob"}, "user_mismatch", 403),
            ({"user_id": "bob"}, "user_mismatch", 403),
            ([], "data_not_an_object", 400),
            ({"content": "text"}, "data_not_an_object", 400),
        ]:
            answer = proxied.send("POST", "/publish", "ada", message(data))
            assert (answer.status_code, answer.json()["error"]) == (status, code)
        for more, code in [({"id": 7}, "id_forbidden"), ({"to": {"user": "bob"}}, "recipient_forbidden")]:
            answer = proxied.send("POST", "/publish", "ada", message({}, **more))
            assert (answer.status_code, answer.json()["error"]) == (403, code)
        body = b'{"channel":"chat","project_id":"p1","event":"message.new","data":{"userId":"ada","user\\u0049d":"bob"}}'
        assert proxied.send("POST", "/publish", "ada", body).json()["error"] == "repeated_key"
        body = b'{"channel":"chat","project_id":"p1","event":"message.new","data": {"n":1.0e400,"content":{"actor_type":"assistant"} }}'
        assert proxied.send("POST", "/publish", "ada", body).status_code == 200
        assert stream.event().data == '{"n":1.0e400,"content":{"actor_type":"client"},"userId":"ada" }'
        # A service speaks for anybody.
        service = {"Authorization": f"Bearer {PUBLISHER}"}
        assert proxied.send("POST", "/publish", "", message({"userId": "eve"}), headers=service).status_code == 200
        assert stream.event().data == '{"userId": "eve"}'


def test_a_signature_holds_for_its_request_its_time_and_once(proxied):
    body = json.dumps(message({})).encode()
    fields = signature("POST", "/publish", "ada", body)
    assert proxied.send("POST", "/publish", "ada", body, headers=fields).status_code == 200
    for target, sent, headers, code in [
        ("/publish", body, fields, "replayed_signature"),
        ("/publish?x=1", body, fields, "invalid_signature"),
        ("/publish", body + b" ", fields, "invalid_signature"),
        ("/publish", body, fields | {"X-Tributary-User": "eve"}, "invalid_signature"),
        ("/publish", body, {"X-Tributary-User": "ada"}, "unauthorized"),
        ("/publish", body, signature("POST", "/publish", "ada", body, at=int(time.time()) - 302), "stale_signature"),
        ("/publish", body, signature("POST", "/publish", "ada", body, at=int(time.time()) + 302), "stale_signature"),
        ("/publish", body, signature("POST", "/publish", "ada", body, secret=SECRET + "x"), "invalid_signature"),
    ]:
        answer = proxied.send("POST", target, "ada", sent, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, code)
        assert fields["X-Tributary-Signature"] not in answer.text
    # A reader may come back with what it has.
    fields = signature("GET", "/history", "ada")
    for _ in range(2):
        assert proxied.send("GET", "/history", "ada", headers=fields).status_code == 200
    log = "\n".join(proxied.hub.output + proxied.hub.errors)
    for secret in (SECRET, PUBLISHER, fields["X-Tributary-Signature"]):
        assert secret not in log


def test_two_secrets_hold_while_proxies_change_over(start_hub):
    new = "the-secret-that-comes-after-the-other"
    hub = proxied_hub(start_hub, "--signature-previous-secret", SECRET, "--signature-secret", new)
    for secret in (SECRET, new):
        assert hub.send("GET", "/history", "ada", secret=secret).status_code == 200
    assert hub.send("GET", "/history", "ada", secret=new + "x").status_code == 401


def test_the_older_form_under_other_names(start_hub):
    hub = proxied_hub(
        start_hub, "--signature-compatibility", "--signature-header", "X-Hub-Signature-256",
        "--signature-timestamp-header", "X-Timestamp", "--signature-user-header", "X-User",
    )  # fmt: skip
    body = json.dumps(message({})).encode()
    for stamp in (str(int(time.time())), str(int(time.time() * 1_000))):
        digest = hmac.new(SECRET.encode(), stamp.encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={digest}", "X-Timestamp": stamp, "X-User": "ada"}
        answer = hub.send("POST", "/publish", "ada", body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert hub.send("POST", "/publish", "ada", body, headers=headers).json()["error"] == "replayed_signature"
    # The present form is another.
    assert hub.send("POST", "/publish", "ada", body).json()["error"] == "unauthorized"


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["--auth", "signature"], "--signature-secret"),
        (["--signature-secret", SECRET], "--auth signature"),
        (["--auth", "none", "--signature-secret", SECRET], "--auth signature"),
        (["--auth", "signature", "--signature-secret", "short"], "32 to 1024"),
        (["--auth", "signature", "--signature-secret", SECRET, "--signature-user-header", "X-User"], "compatibility"),
        (["--publisher-previous-token", PUBLISHER], "--publisher-token"),
    ],
)
def test_settings_that_would_not_do_what_they_seem_to_are_refused(arguments, reason, stopping):
    process = stopping(tributary("serve", "--port", "0", *arguments))
    assert process.wait(15) != 0
    error = "\n".join(process.errors)
    assert reason in error and SECRET not in error and PUBLISHER not in error


def test_a_client_msg_id_is_its_users_own_on_every_node(start_hub, start_redis):
    redis = start_redis()
    one, other = (proxied_hub(start_hub, redis=redis) for _ in range(2))
    until(lambda: all(node.send("GET", "/history", "x").status_code == 200 for node in (one, other)), 15)
    body = message({}, client_msg_id="k")
    first = one.send("POST", "/publish", "ada", body)
    assert first.json()["duplicate"] is False, first.text
    assert other.send("POST", "/publish", "bob", body).json()["duplicate"] is False
    service = {"Authorization": f"Bearer {PUBLISHER}"}
    assert other.send("POST", "/publish", "", body, headers=service).json()["duplicate"] is False
    # A retry on another node, and a request that was overheard and comes again there, are the first one's.
    again = other.send("POST", "/publish", "ada", body).json()
    assert again == {"id": first.json()["id"], "duplicate": True}
    page = one.send("GET", "/history?project_id=p1&channel=chat", "ada").json()
    assert [event["data"].get("userId") for event in page["events"]] == ["ada", "bob", None]
    assert all(event["data"].get("client_msg_id", "k") == "k" for event in page["events"])


def test_a_user_who_publishes_too_fast_waits_as_long_as_it_is_told(start_hub):
    hub = proxied_hub(start_hub, "--publish-rate-per-user", "2")
    event = {"channel": "chat", "event": "x", "data": 1}
    items = hub.send("POST", "/publish", "ada", [event] * 20).json()
    refused = [item for item in items if item.get("error") == "publish_rate_exceeded"]
    assert len(refused) >= 10 and all(item["limit"] == "user" for item in refused)
    assert not any("error" in item for item in items[:4])
    answer = hub.send("POST", "/publish", "ada", event)
    if answer.status_code == 429:
        assert answer.headers["Retry-After"] == "1"
        time.sleep(1)
    assert hub.send("POST", "/publish?again", "ada", event).status_code == 200
    assert hub.send("POST", "/publish", "bob", event).status_code == 200
