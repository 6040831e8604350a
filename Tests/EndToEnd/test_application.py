"""An unmodified web application's cookie session opens streams: the hub asks the application with the browser's own cookie."""

import json
import threading

import httpx
import pytest

from harness.application import Application
from harness.browser import OPEN, chromium, is_installed
from harness.nginx import Nginx
from harness.processes import Process
from harness.stream import Stream
from harness.waiting import until

if not is_installed():
    pytest.fail("Debian's chromium is missing; Tests/run installs it", pytrace=False)

SECRET, OPERATOR = "the-hub-asks-for-it", "an-operator-publishes"


class Site:
    """The application, a hub that asks it, and its users."""

    def __init__(self, application, hub):
        self.application, self.hub = application, hub

    def sign_in(self, user):
        """The cookie that a browser would have then."""
        answer = httpx.post(self.application.url + "/login", data={"user": user, "password": "right"})
        assert answer.status_code == 303
        return "session=" + answer.cookies["session"]

    def open(self, cookie, project="p1", **query):
        """A stream, whatever became of it."""
        return Stream(self.hub.address, headers={"Cookie": cookie} if cookie else {}, project_id=project, **query)

    def refusal(self, cookie, project="p1", **query):
        """The status, the code and the headers of an answer that is no stream."""
        with self.open(cookie, project, **query) as stream:
            assert stream.status != 200
            return stream.status, json.loads(stream.body())["error"], stream.headers

    def admits(self, cookie, project="p1"):
        """Whether a stream would open now."""
        answer = httpx.head(self.hub.url + "/stream", params={"project_id": project}, headers={"Cookie": cookie})
        return answer.status_code == 200

    def publish(self, data, project="p1"):
        event = {"channel": "chat", "project_id": project, "event": "message.new", "data": data}
        answer = httpx.post(self.hub.url + "/publish", json=event, headers={"Authorization": f"Bearer {OPERATOR}"})
        assert answer.status_code == 200, answer.text


@pytest.fixture
def start_site(start_hub, stopping):
    def start(*arguments, **options):
        members = {"p1": ["ada", "bob"], "p2": ["bob"]}
        application = stopping(Application(members, secret=SECRET, **options))
        hub = start_hub(
            "--auth", "application", "--authorize-url", application.url + "/authorize", *arguments,
            environment={"TRIBUTARY_AUTHORIZE_SECRET": SECRET, "TRIBUTARY_ADMIN_TOKEN": OPERATOR},
        )  # fmt: skip
        return Site(application, hub)

    return start


def test_a_browser_that_has_signed_in_reads_its_stream(start_site, stopping, tmp_path):
    site = start_site()
    front = stopping(Nginx(tmp_path, site.hub.port, site.application.port))
    with chromium() as browser:
        page = browser.new_page()
        page.goto(front.url)
        page.fill("input[name=user]", "ada")
        page.fill("input[name=password]", "right")
        page.click("button")
        page.wait_for_selector("text=Hello ada")
        assert page.evaluate("document.cookie") == "", "scripts do not see the session, and need not"
        page.evaluate(OPEN, ["project_id=p1", ["connected", "message.new"]])
        page.wait_for_function("window.seen.length === 1")
        assert json.loads(page.evaluate("window.seen[0].data"))["user_id"] == "ada"
        site.publish("hello")
        page.wait_for_function("window.seen.length === 2")
        assert page.evaluate("window.seen[1].data") == '"hello"'
        assert page.evaluate("window.errors") == 0
        page.evaluate(OPEN, ["project_id=p2", ["connected"]])
        page.wait_for_function("window.source.readyState === EventSource.CLOSED")
        assert page.evaluate("window.opened") == 0


def test_curl_with_a_cookie_jar_reads_a_stream(start_site, stopping, tmp_path):
    site, jar = start_site(), tmp_path / "jar"
    curl = Process(["curl", "-sS", "-c", jar, "-d", "user=ada&password=right", site.application.url + "/login"])
    assert curl.wait() == 0
    reader = stopping(Process(["curl", "-sSN", "-b", jar, site.hub.url + "/stream?project_id=p1"]))
    reader.line('"user_id":"ada"')
    site.publish("hello")
    reader.line('data: "hello"')


def test_the_application_is_asked_as_documented(start_site):
    site = start_site()
    cookie = site.sign_in("ada")
    with site.open(cookie, channels="chat,jobs") as stream:
        greeting = stream.connected().json
        assert (greeting["user_id"], greeting["channels"]) == ("ada", ["chat", "jobs"])
    ((user, question),) = site.application.questions
    assert user == "ada"
    assert question == {
        "project_id": "p1",
        "channels": ["chat", "jobs"],
        "action": "subscribe",
        "connection": {"address": "127.0.0.1"},
    }
    for ask in (
        lambda headers: httpx.get(site.hub.url + "/history?project_id=p1&channel=chat", headers=headers),
        lambda headers: httpx.get(site.hub.url + "/presence?project_id=p1", headers=headers),
    ):
        assert ask({"Cookie": cookie}).status_code == 200
        assert ask({}).status_code == 401
    assert [question["action"] for _, question in site.application.questions[1:]] == ["history", "presence"]


def test_without_a_session_or_in_another_project_nothing_opens(start_site):
    site = start_site()
    assert site.refusal(None)[:2] == (401, "unauthorized")
    assert site.application.questions == [], "who shows nothing isn't asked about"
    assert site.refusal("session=made-up")[:2] == (401, "unauthorized")
    ada = site.sign_in("ada")
    assert site.refusal(ada, "p2")[:2] == (403, "project_forbidden")
    assert site.refusal(ada, "p1", user_id="bob")[:2] == (403, "user_mismatch")
    assert site.refusal(ada, "nowhere")[:2] == (403, "project_forbidden")
    assert site.admits(site.sign_in("bob"), "p2")


def test_a_removed_member_s_stream_ends_within_its_ttl(start_site):
    site = start_site(ttl=1)
    ada, bob = site.sign_in("ada"), site.sign_in("bob")
    with site.open(ada) as stream, site.open(bob) as other:
        assert stream.connected() and other.connected()
        site.application.members["p1"].discard("ada")
        closing = stream.event("server_close")
        assert closing.json["reason"] == "revoked" and closing.json["reconnect"] is False
        assert stream.end() == []
        site.publish("for members")
        assert other.event("message.new").json == "for members"
    assert site.refusal(ada)[:2] == (403, "project_forbidden")


def test_a_session_that_ended_ends_its_stream(start_site):
    site = start_site(ttl=1)
    ada = site.sign_in("ada")
    with site.open(ada) as stream:
        stream.connected()
        site.application.sessions.clear()
        closing = stream.event("server_close")
        assert closing.json["reason"] == "auth_expired" and closing.json["reconnect"] is True
    assert site.refusal(ada)[:2] == (401, "unauthorized")


def test_an_operator_s_word_ends_streams_at_once_and_verdicts_with_them(start_site):
    site = start_site(ttl=3600)
    ada = site.sign_in("ada")
    with site.open(ada) as stream:
        stream.connected()
        site.application.members["p1"].discard("ada")
        answer = httpx.post(
            site.hub.url + "/revoke", json={"user_id": "ada"}, headers={"Authorization": f"Bearer {OPERATOR}"}
        )
        assert answer.json()["closed"] == 1
        assert stream.event("server_close").json["reason"] == "revoked"
    assert site.refusal(ada)[:2] == (403, "project_forbidden")


def test_an_application_that_died_lets_nobody_new_in_and_throws_nobody_out(start_site):
    site = start_site(ttl=1)
    ada, bob = site.sign_in("ada"), site.sign_in("bob")
    with site.open(ada) as stream:
        stream.connected()
        site.application.stop()
        for _ in range(8):
            status, error, headers = site.refusal(bob)
            assert (status, error) == (503, "authorization_unavailable")
            assert int(headers["retry-after"]) >= 1
        site.hub.line("the application does not answer")
        # Longer than what the stream was opened on holds: the hub has asked again in vain.
        until(lambda: not site.admits(ada), what="the old verdict is over")
        site.publish("still here")
        assert stream.event("message.new").json == "still here"
        site.application.start()
        until(lambda: site.admits(bob), seconds=20, what="the hub notices that the application is back")
        site.hub.line("the application answers again")
        site.publish("and now")
        assert stream.event("message.new").json == "and now"


def test_an_application_that_hangs_holds_up_nobody_it_answered_before(start_site):
    site = start_site(ttl=3600)
    ada, bob = site.sign_in("ada"), site.sign_in("bob")
    assert site.admits(ada)
    site.application.hang()
    results = []
    held = [threading.Thread(target=lambda n=n: results.append(site.refusal(bob, f"h{n}")[:2])) for n in range(8)]
    for thread in held:
        thread.start()
    until(lambda: len(site.application.questions) >= 2, what="somebody's question hangs")
    assert site.admits(ada)
    for thread in held:
        thread.join(20)
    assert results == [(503, "authorization_unavailable")] * 8
    asked = len(site.application.questions)
    assert site.refusal(bob)[:2] == (503, "authorization_unavailable")
    assert len(site.application.questions) <= asked + 1, "at most one finds out whether it is back"
    assert site.admits(ada)
    site.application.go_on()
    until(lambda: site.admits(bob), seconds=20, what="the hub notices that the application is back")


def test_a_herd_of_one_user_asks_once(start_site):
    site = start_site("--max-streams-per-user", 0)
    ada = site.sign_in("ada")
    site.application.hang()
    streams, lock = [], threading.Lock()

    def connect():
        stream = site.open(ada)
        with lock:
            streams.append(stream)

    threads = [threading.Thread(target=connect) for _ in range(50)]
    for thread in threads:
        thread.start()
    until(lambda: site.application.questions, what="the first has asked")
    site.application.go_on()
    for thread in threads:
        thread.join(20)
    assert [stream.status for stream in streams] == [200] * 50
    assert len(site.application.questions) == 1
    for stream in streams:
        stream.close()


def test_no_secret_is_logged(start_site):
    site = start_site("--log-level", "trace", ttl=1)
    ada = site.sign_in("ada")
    with site.open(ada) as stream:
        stream.connected()
        site.refusal("session=made-up")
        site.refusal(ada, "p2")
        site.application.stop()
        site.refusal("session=also-made-up")
        stats = httpx.get(site.hub.url + "/stats").text
        connections = httpx.get(site.hub.url + "/connections", headers={"Authorization": f"Bearer {OPERATOR}"}).text
    site.hub.stop()
    for secret in (ada.removeprefix("session="), "made-up", SECRET, OPERATOR):
        for text in (site.hub.said, stats, connections):
            assert secret not in text
