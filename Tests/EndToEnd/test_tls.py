"""TLS, HTTP/2 by agreement, and a certificate that is replaced while the hub runs."""

import re
import signal
import socket
import subprocess

import pytest

from harness.hub import tributary
from harness.processes import Process
from harness.stream import Stream
from harness.tls import Certificate, shown
from harness.waiting import until


@pytest.fixture
def certificate(tmp_path):
    return Certificate(tmp_path)


@pytest.fixture
def tls_hub(start_hub, certificate):
    def start(*arguments, **options):
        hub = start_hub(*certificate.arguments, *arguments, **options)
        hub.client = certificate.client()
        assert hub.url.startswith("https://")
        return hub

    return start


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_reads_a_stream(tls_hub, certificate, stopping, version):
    hub = tls_hub()
    curl = stopping(
        Process(["curl", "-sN", "-i", version, "--cacert", certificate.path, hub.url + "/stream?channels=chat"])
    )
    head = curl.line("HTTP/")
    assert head.startswith("HTTP/2 200" if version == "--http2" else "HTTP/1.1 200 OK")
    curl.line("event: connected")
    hub.publish("chat", "message.new", {"text": "hi"})
    curl.line('data: {"text":"hi"}')
    hub.signal(signal.SIGTERM)
    curl.line("event: server_close", 15)
    # The end of the stream is a proper end.
    assert curl.wait(15) == 0, curl.said
    assert hub.wait(15) == 0, hub.said


def test_requests_of_both_versions_are_answered(tls_hub, certificate):
    hub = tls_hub()
    with certificate.client(http2=True) as new, certificate.client() as old:
        for client, version in ((new, "HTTP/2"), (old, "HTTP/1.1")):
            answer = client.get(hub.url + "/stats")
            assert (answer.status_code, answer.http_version) == (200, version)
            published = client.post(hub.url + "/publish", json={"channel": "chat", "event": "message.new", "data": 1})
            assert published.status_code == 200 and published.json()["duplicate"] is False
            assert client.get(hub.url + "/history").json()["events"]
            assert client.get(hub.url + "/stream?channels=nope").json()["error"] == "unknown_channel"


def test_a_body_that_is_too_large_is_told_although_it_is_still_being_sent(tls_hub, certificate, tmp_path):
    hub = tls_hub()
    (tmp_path / "large").write_bytes(b"x" * (4 << 20))
    for version in ("--http1.1", "--http2"):
        command = ["curl", "-s", version, "--cacert", certificate.path, "--data-binary", f"@{tmp_path / 'large'}"]
        answer = subprocess.run([*command, hub.url + "/publish"], capture_output=True, timeout=20)
        assert b'"error":"body_too_large"' in answer.stdout, (version, answer)


def test_sighup_replaces_the_certificate_of_new_connections(tls_hub, certificate):
    hub = tls_hub()
    first = shown(hub.address)
    with certificate.client(http2=True) as client, client.stream("GET", hub.url + "/stream?channels=chat") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: connected"
        certificate.make()
        hub.signal(signal.SIGHUP)
        until(lambda: shown(hub.address) != first, what="the new certificate is shown")
        hub.line("certificate reloaded")
        second = shown(hub.address)

        certificate.path.write_text("no certificate")
        hub.signal(signal.SIGHUP)
        hub.line("the old one stays")
        assert shown(hub.address) == second

        certificate.make()
        hub.signal(signal.SIGHUP)
        until(lambda: shown(hub.address) != second)
        hub.client = certificate.client()
        hub.publish("chat", "message.new", "still here")
        assert any("still here" in line for line in iter(lambda: next(lines), None) if "data" in line)


def test_sighup_without_tls_does_nothing(start_hub):
    hub = start_hub()
    stream = hub.stream()
    hub.signal(signal.SIGHUP)
    hub.publish("chat", "message.new", 1)
    assert stream.event().event == "message.new"
    stream.close()


def test_plain_requests_to_a_hub_with_tls_get_nothing(tls_hub):
    hub = tls_hub()
    with socket.create_connection(hub.address, 5) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            assert b"HTTP/1.1" not in client.recv(1 << 16)
        except ConnectionResetError:
            pass


def test_a_certificate_that_cannot_be_used_is_named(certificate, tmp_path):
    (tmp_path / "torn.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    cases = [
        (("--tls-cert", certificate.path), "tls-cert and tls-key must be given together"),
        (("--tls-cert", tmp_path / "none.pem", "--tls-key", certificate.key), "none.pem: No such file"),
        (("--tls-cert", tmp_path / "torn.pem", "--tls-key", certificate.key), "torn.pem: it holds no certificate"),
        (("--tls-cert", certificate.path, "--tls-key", certificate.path), "cert.pem: it holds no private key"),
    ]
    for arguments, text in cases:
        hub = tributary("serve", "--port", 0, *arguments)
        assert hub.wait() != 0
        assert text in hub.said


def test_the_operators_port_is_told_and_has_the_figures(start_hub):
    hub = start_hub("--admin-port", 0, "--admin-token", "0123456789abcdef")
    admin = re.search(r"http://[0-9.]+:(\d+)", hub.line("Operators and figures"))[0]
    assert hub.get("/stats").status_code == 404
    answer = hub.client.get(admin + "/stats")
    assert answer.status_code == 200 and answer.json()["streams"]["open"] == 0
    assert hub.client.get(admin + "/connections").status_code == 401
    assert hub.client.get(admin + "/healthz").status_code == hub.get("/healthz").status_code == 200


def test_the_header_of_the_proxy_protocol_names_the_client(start_hub):
    hub = start_hub("--proxy-protocol")
    with socket.create_connection(hub.address, 5) as client:
        client.sendall(b"PROXY TCP4 198.51.100.7 127.0.0.1 1 2\r\nGET /stream?channels=chat HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while b"\n\n" not in received:
            received += client.recv(1 << 16)
        assert b'"user_id":"198.51.100.7"' in received


def test_what_a_trusted_proxy_forwards_is_believed_and_nobody_elses(start_hub):
    for arguments, user in (((), "127.0.0.1"), (("--trusted-proxies", "127.0.0.0/8"), "198.51.100.7")):
        hub = start_hub(*arguments)
        with Stream(hub.address, channels="chat", headers={"X-Forwarded-For": "6.6.6.6, 198.51.100.7"}) as stream:
            assert stream.connected().json["user_id"] == user
