"""JSON Web Tokens from end to end: where they come from, where they stand, what they open, and that none is ever printed."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.hub import tributary
from harness.requesting import client
from harness.stream import Stream
from harness.tokens import SECRET, RSAKey, bearer, token

ENVIRONMENT = {"TRIBUTARY_JWT_SECRET": SECRET}


@pytest.fixture
def start_guarded(start_hub):
    """A hub with `--auth jwt` and the secret of these tests, which logs all that it can."""
    return lambda *more, **options: start_hub(
        "--auth", "jwt", "--log-level", "trace", *more, environment=ENVIRONMENT, **options
    )


@contextmanager
def issuer(keys):
    """Publishes a key set, the list `keys`, on a free port; gives its URL and the paths that were asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = json.dumps({"keys": keys}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(hub, text, **query):
    return client.post(hub.url + "/stream", params=query or None, headers=bearer(text)).status_code


def test_a_token_of_the_command_opens_a_stream_and_publishes(start_guarded, stopping):
    hub = start_guarded()
    arguments = ["--user", "u1", "--project", "p1", "--channels", "chat,jobs", "--publish", "chat", "--ttl", "1h"]
    made = stopping(tributary("token", *arguments, environment=ENVIRONMENT))
    assert made.wait() == 0 and not made.errors and len(made.output) == 1
    text = made.output[0]
    with Stream(hub.address, project_id="p1", token=text) as stream:
        greeting = stream.connected()
        assert greeting.json["user_id"] == "u1" and sorted(greeting.json["channels"]) == ["chat", "jobs"]
        event = {"channel": "chat", "project_id": "p1", "event": "message.new", "data": {"text": "hi"}}
        answer = client.post(hub.url + "/publish", json=event, headers=bearer(text))
        assert answer.status_code == 200, answer.text
        assert stream.event("message.new").json["text"] == "hi"
    assert text not in hub.said and text.split(".")[2] not in hub.said


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"seconds": -1}, "token_expired"),
        ({"secret": "x" * 32}, "invalid_token"),
        ({"header": {"alg": "none"}}, "invalid_token"),
        ({"aud": "elsewhere"}, "invalid_token"),
        ({"nbf": 4102444800}, "invalid_token"),
        ({"iat": 4102444800}, "invalid_token"),
        ({"header": {"alg": "HS256", "kid": "nobody"}}, "invalid_token"),
        ({"header": {"alg": "HS256", "crit": ["exp"]}}, "invalid_token"),
        ({"user": ""}, "invalid_token"),
    ],
)
def test_a_token_that_does_not_hold_is_told_why_and_not_repeated(start_guarded, options, code):
    hub = start_guarded()
    text = token(**options)
    for answer in (
        client.get(hub.url + "/stream", params={"token": text}),
        client.post(hub.url + "/stream", headers=bearer(text)),
        client.get(hub.url + "/history", params={"channel": "chat", "token": text}),
    ):
        assert answer.status_code == 401 and answer.json()["error"] == code, answer.text
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert not any(part in answer.text for part in text.split("."))
    assert not any(part in hub.said for part in text.split("."))
    assert not any("token=" in line for line in hub.errors)


def test_a_public_key_in_a_file_verifies_and_its_text_is_no_secret(start_hub, tmp_path):
    key = RSAKey(tmp_path)
    hub = start_hub("--auth", "jwt", "--jwt-keys", key.public)
    assert status(hub, key.token()) == 200
    assert status(hub, RSAKey(tmp_path, "other").token()) == 401
    assert status(hub, token(secret=key.public.read_text())) == 401


def test_published_keys_are_fetched_with_the_first_token(start_hub, tmp_path):
    key = RSAKey(tmp_path)
    with issuer([key.published("k1")]) as (url, asked):
        hub = start_hub("--auth", "jwt", "--jwt-jwks-url", url)
        assert not asked
        assert [status(hub, key.token(kid="k1")) for _ in range(3)] == [200, 200, 200]
        assert status(hub, key.token(kid="k2")) == 401
        assert asked == ["/keys"]
    # It is gone; what it published holds.
    assert status(hub, key.token(kid="k1")) == 200


def test_without_any_key_a_token_is_asked_to_come_again(start_hub, tmp_path):
    key = RSAKey(tmp_path)
    with issuer([]) as (url, _):
        hub = start_hub("--auth", "jwt", "--jwt-jwks-url", url)
        answer = client.post(hub.url + "/stream", headers=bearer(key.token(kid="k1")))
        assert answer.status_code == 503 and answer.json()["error"] == "keys_unavailable"
        assert 1 <= int(answer.headers["retry-after"]) <= 5


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        (["--auth", "jwt"], "jwt-secret"),
        (["--auth", "jwt", "--jwt-secret", "hunter2"], "32 bytes"),
        (["--jwt-secret", SECRET], "--auth jwt"),
        (["--auth", "jwt", "--jwt-keys", "/no/such/file"], "/no/such/file"),
        (["--auth", "jwt", "--jwt-keys", "/etc/hostname"], "/etc/hostname"),
        (["--auth", "jwt", "--jwt-jwks-url", "http://id.example.com/"], "https"),
    ],
)
def test_what_tokens_need_is_told_at_the_start(stopping, arguments, saying):
    process = stopping(tributary("serve", "--port", 0, *arguments))
    assert process.wait() == 64
    assert saying in process.said and "hunter2" not in process.said and SECRET not in process.said
