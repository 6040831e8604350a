"""What the hub, or what stands before it, may answer: each leads to a state that is documented, and nobody asks too often."""

import json
import time
from email.utils import formatdate

import pytest

from browsing.scripted import ScriptedHub
from harness.waiting import holds, until


@pytest.fixture
def scripted(stopping):
    return stopping(ScriptedHub())


def refusing(status, **fields):
    return lambda request: request.refuse(status, **fields)


TRANSPORTS = ["fetch", "eventsource"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("status", [401, 403])
def test_401_and_403_stop_all_tabs_after_one_more_token(scripted, chromium, open_tabs, status, transport):
    scripted.answer = refusing(status)
    tabs = open_tabs(chromium, scripted, transport=transport)
    first = tabs.open(wait=False)
    assert first.wait_for_status("blocked") == {"state": "blocked", "status": status}
    second = tabs.open(wait=False)
    assert second.wait_for_status("blocked")["status"] == status
    assert len(scripted.attempts) == 1, "without token() there is nothing to try again"
    scripted.answer = ScriptedHub.stream
    second("hub.reconnect()")
    first.wait_for_status("connected")


def test_a_new_token_is_asked_for_once(scripted, chromium, open_tabs):
    scripted.answer = lambda request: (
        ScriptedHub.stream(request) if request.headers["Authorization"] == "Bearer good" else request.refuse(401)
    )
    tabs = open_tabs(chromium, scripted)
    tab = tabs.open(wait=False)
    tab.wait_for_status("blocked")
    tab("() => { window.asked = []; start({...%s, token: async () => { asked.push(1); return asked.length > 1 ? 'good' : 'old' }}, 'second') }" % json.dumps(tabs.options))
    tab("hub.reconnect()")
    tab.wait_for_status("connected")
    assert tab("asked.length") == 2
    assert [token for _, _, token in scripted.attempts[-2:]] == ["Bearer old", "Bearer good"]
    scripted.answer = refusing(401)
    count = len(scripted.attempts)
    tab("hub.reconnect()")
    tab.wait_for_status("blocked")
    assert len(scripted.attempts) == count + 2


def test_a_token_that_cannot_be_had_is_asked_for_again(scripted, chromium, open_tabs):
    tabs = open_tabs(chromium, scripted)
    tab = tabs.open()
    tab("""options => {
        window.asked = 0
        start({...options, user: 'bob', token: () => ++asked > 2 ? 'good' : Promise.reject(asked > 1 ? null : new Error('offline')) }, 'second')
    }""", tabs.options)
    until(lambda: tab("second.status.state") == "connected", 15)
    assert tab("asked") == 3 and scripted.attempts[-1][2] == "Bearer good"


def test_429_keeps_all_tabs_away_as_long_as_it_says(scripted, chromium, open_tabs):
    scripted.answer = refusing(429, Retry_After=2)
    tabs = open_tabs(chromium, scripted)
    for _ in range(20):
        tabs.open(wait=False)
    for tab in tabs.all:
        assert tab.wait_for_status("limited")["retryIn"] <= 30_000
    # From the first to 8 s later, as the hub sees it: all tabs together.
    until(lambda: time.monotonic() - scripted.attempts[0][0] > 8, 10)
    times = [at for at, _, _ in scripted.attempts]
    assert 2 <= sum(at - times[0] <= 8 for at in times) <= 5
    # A new leader keeps to it, however long it takes to become one.
    count = len(scripted.attempts)
    leader = tabs.leader
    tabs.gone(leader)
    leader.close()
    tabs.wait_for_leader()
    until(lambda: len(scripted.attempts) > count, 60)
    times = [at for at, _, _ in scripted.attempts]
    assert all(later - earlier >= 1.95 for earlier, later in zip(times, times[1:]))
    scripted.answer = ScriptedHub.stream
    tabs.all[0].wait_for_status("connected", 60)


def test_a_date_says_as_well_when_to_come_again(scripted, chromium, open_tabs):
    came_again = []

    def refuse(request):
        came_again.append(time.time())
        request.refuse(429, Retry_After=formatdate(came_again[0] + 60, usegmt=True))

    scripted.answer = refuse
    tab = open_tabs(chromium, scripted, clock=True).open(wait=False)
    # A date has whole seconds.
    assert 55_000 < tab.wait_for_status("limited")["retryIn"] <= 60_000
    tab.let_pass(50)
    holds(lambda: len(came_again) == 1, 0.3)
    tab.let_pass(10)
    until(lambda: len(came_again) == 2)


def test_a_tab_that_is_opened_or_loaded_again_keeps_to_the_wait_as_well(scripted, chromium, open_tabs):
    scripted.answer = refusing(429, Retry_After=60)
    tabs = open_tabs(chromium, scripted, clock=True)
    tab = tabs.open(wait=False)
    first = tab.wait_for_status("limited")["retryIn"]
    tab.page.reload()
    tab.page.wait_for_function("window.isReady")
    # What is left of it.
    assert 0 < tab.wait_for_status("limited")["retryIn"] < first
    tab.close()
    other = tabs.open(wait=False)
    other.wait_for_status("limited")
    # Nobody may ask sooner, by whatever means.
    other("hub.reconnect()")
    other("dispatchEvent(new Event('online'))")
    scripted.answer = ScriptedHub.stream
    holds(lambda: len(scripted.attempts) == 1, 0.3)
    other.let_pass(60)
    other.wait_for_status("connected")
    assert len(scripted.attempts) == 2


def test_a_wait_that_is_longer_than_a_timer_can_be_is_waited_for(scripted, chromium, open_tabs):
    scripted.answer = refusing(429, Retry_After=10**9)
    tab = open_tabs(chromium, scripted).open(wait=False)
    assert tab.wait_for_status("limited")["retryIn"] > 10**11
    count = len(tab.statuses())
    holds(lambda: len(scripted.attempts) == 1 and len(tab.statuses()) == count, 1)


def test_who_comes_later_is_told_what_is_left_of_the_wait(scripted, chromium, open_tabs):
    scripted.answer = refusing(503, Retry_After=60)
    tabs = open_tabs(chromium, scripted)
    first = tabs.open(wait=False).wait_for_status("reconnecting")
    until(lambda: time.monotonic() - scripted.attempts[0][0] > 1, 5)
    second = tabs.open(wait=False).wait_for_status("reconnecting")
    assert second["attempt"] == first["attempt"] == 1
    assert first["retryIn"] > 59_000 > second["retryIn"] > 30_000


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_503_is_tried_again_with_patience(scripted, chromium, open_tabs, transport):
    scripted.answer = refusing(503, Retry_After=1)
    tab = open_tabs(chromium, scripted, transport=transport).open(wait=False)
    until(lambda: len(scripted.attempts) >= 2, 10)
    assert tab.status["state"] == "reconnecting"
    times = [at for at, _, _ in scripted.attempts]
    assert times[1] - times[0] >= 0.95
    scripted.answer = ScriptedHub.stream
    tab.wait_for_status("connected", 20)


def test_a_network_that_is_back_ends_the_wait(scripted, chromium, open_tabs):
    scripted.answer = refusing(503, Retry_After=60)
    tabs = open_tabs(chromium, scripted)
    for _ in range(3):
        tabs.open(wait=False).wait_for_status("reconnecting")
    scripted.answer = ScriptedHub.stream
    for tab in tabs.all:
        tab("dispatchEvent(new Event('online'))")
    tabs.all[-1].wait_for_status("connected")
    assert len(scripted.attempts) == 2, "the leader alone asked again"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_204_is_the_end(scripted, chromium, open_tabs, transport):
    scripted.answer = refusing(204)
    tab = open_tabs(chromium, scripted, clock=True, transport=transport).open(wait=False)
    assert tab.wait_for_status("closed")["reason"] == "no_content"
    tab.let_pass(600)
    holds(lambda: len(scripted.attempts) == 1, 0.3)


def test_a_wrong_request_is_the_end(scripted, chromium, open_tabs):
    scripted.answer = refusing(400)
    tab = open_tabs(chromium, scripted, clock=True).open(wait=False)
    assert tab.wait_for_status("closed") == {"state": "closed", "reason": "refused", "status": 400}
    tab.let_pass(600)
    holds(lambda: len(scripted.attempts) == 1, 0.3)


def wrong_type(request):
    request.begin("text/html")
    request.wfile.write(b"<p>Sign in</p>")


def half_a_frame(request):
    request.begin()
    request.connected()
    request.wfile.write(b'id: 101\nevent: message.new\ndata: {"n":')


def nothing(request):
    """Until the other side has had enough."""
    request.connection.settimeout(60)
    try:
        request.connection.recv(1)
    except OSError:
        pass


@pytest.mark.parametrize("answer", [wrong_type, half_a_frame])
def test_what_is_no_stream_is_tried_again(scripted, chromium, open_tabs, answer):
    scripted.answer = answer
    tab = open_tabs(chromium, scripted, clock=True).open(wait=False)
    until(lambda: len(scripted.attempts) >= 3 or tab.let_pass(0.5), 15)
    assert tab.numbers() == []
    scripted.answer = ScriptedHub.stream
    tab.wait_for_status("connected", 20)
    states = [status["state"] for status in tab.statuses()]
    assert "reconnecting" in states and "closed" not in states


def test_a_hub_that_says_nothing_is_given_up_after_five_seconds(scripted, chromium, open_tabs):
    scripted.answer = nothing
    tab = open_tabs(chromium, scripted, clock=True).open(wait=False)
    until(lambda: len(scripted.attempts) == 1)
    tab.let_pass(4)
    holds(lambda: tab.status["state"] == "connecting", 0.3)
    tab.let_pass(2)
    tab.wait_for_status("reconnecting")
    # A second of patience at most, and half of one until it looks.
    tab.let_pass(1.5)
    until(lambda: len(scripted.attempts) == 2)


def test_a_stream_that_falls_silent_is_given_up(scripted, chromium, open_tabs):
    def quiet(request):
        request.begin()
        request.connected()
        nothing(request)

    scripted.answer = quiet
    tab = open_tabs(chromium, scripted, clock=True).open()
    scripted.answer = ScriptedHub.stream
    tab.let_pass(11)
    holds(lambda: tab.status["state"] == "connected", 0.3)
    tab.let_pass(3)
    until(lambda: len(scripted.attempts) >= 2)
    tab.wait_for_status("connected")


@pytest.mark.parametrize("reason, reconnect", [("revoked", False), ("draining", True), ("replaced", False), ("evicted", True)])
def test_server_close_says_how_to_go_on(scripted, chromium, open_tabs, reason, reconnect):
    def closing(request):
        request.begin()
        request.connected()
        if len(scripted.attempts) == 1:
            request.frame("server_close", {"reason": reason, "reconnect": reconnect, "retry_ms": 350})
        else:
            request.stay()

    scripted.answer = closing
    tabs = open_tabs(chromium, scripted)
    tab = tabs.open(wait=False)
    if reason == "revoked":
        assert tab.wait_for_status("closed")["reason"] == "revoked"
        assert tabs.open(wait=False).wait_for_status("closed")["reason"] == "revoked"
        assert len(scripted.attempts) == 1
    else:
        until(lambda: len(scripted.attempts) == 2, 5)
        tab.wait_for_status("connected")
        times = [at for at, _, _ in scripted.attempts]
        assert times[1] - times[0] >= (0.1 if reason == "replaced" else 0.35)


def test_a_log_that_begins_anew_may_give_the_same_ids_again(scripted, chromium, open_tabs):
    def stream(request):
        request.begin()
        request.connected()
        request.frame("message.new", {"n": 1}, 5)
        request.frame("gap", {"reason": "log_reset"})
        request.frame("message.new", {"n": 2}, 5)
        request.frame("message.new", {"n": 2}, 5)
        request.frame("message.new", {"n": 3}, 6)
        request.stay()

    tabs = open_tabs(chromium, scripted)
    scripted.answer = refusing(503)
    for _ in range(2):
        tabs.open(wait=False)
    scripted.answer = stream
    for tab in tabs.all:
        tab.wait_for_number(3)
        assert tab.numbers() == [1, 2, 3]


def test_a_tab_says_so_if_nobody_can_tell_it_what_it_missed(scripted, chromium, open_tabs):
    tabs = open_tabs(chromium, scripted)
    leader, other = tabs.open(), tabs.open()
    scripted.history = lambda query: None
    other("location.href = '/other.html'")
    other.page.wait_for_url("**/other.html")
    scripted.say("message.new", {"n": 1}, 101)
    leader.wait_for_number(1)
    other.page.go_back()
    other.page.wait_for_function("window.isReady")
    other.wait_for_number(1)
    assert other("hubRecord.gaps") == ["log_unavailable"]


def test_after_a_capped_replay_the_rest_comes_before_what_is_live(scripted, chromium, open_tabs):
    def capped(request):
        request.begin()
        data = {"connection_id": "c", "channels": ["chat"], "events": [], "from_seq": 0, "latest_seq": 9}
        request.frame("connected", data)
        for id in (1, 2):
            request.frame("message.replay", {"n": id}, id)
        request.frame("replay.end", {"lastReplayedSeq": 2, "more": True})
        request.frame("gap", {"reason": "replay_limit", "from": 3, "to": 8})
        request.frame("message.new", {"n": 9}, 9)
        request.stay()

    def history(query):
        after = int(query["after"])
        events = [{"id": id, "event": "message.new", "data": {"n": id}} for id in range(after + 1, min(after + 4, 9))]
        return {"events": events, "more": after + 3 < 9, "latest_seq": 9}

    scripted.answer, scripted.history = capped, history
    tabs = open_tabs(chromium, scripted, **{"from": 0})
    tab = tabs.open()
    tab.wait_for_number(9)
    assert tab.numbers() == list(range(1, 10))
    events = tab("hubRecord.events")
    assert [event["replayed"] for event in events] == [True] * 8 + [False]
    assert tab("hubRecord.gaps") == []
    late = tabs.open()
    late.wait_for_number(9)
    assert late.numbers() == list(range(1, 10))
