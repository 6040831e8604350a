"""Plain http on a host name: no locks there. And pages that may keep nothing, or cannot speak to each other."""

import statistics

import pytest

from browsing.browsers import INSECURE
from browsing.numbers import Numbers
from browsing.processes import Renderers, kill
from browsing.tabs import now_ms
from harness.waiting import holds, until
from test_handover import close, take_over


@pytest.fixture
def insecure(site):
    return f"http://{INSECURE}:{site.port}"


@pytest.mark.alone
def test_the_lease_hands_over_as_well(hub, redis, chromium, open_tabs, insecure, report):
    tabs = open_tabs(chromium, hub, project="lease")
    for _ in range(4):
        tabs.open(origin=insecure)
    assert tabs.leader("navigator.locks") is None
    until(lambda: hub.stats()["streams"]["open"] == 1, 5)
    numbers = Numbers(redis, "lease")
    times = []
    for _ in range(2):
        count = len(numbers.sent)
        until(lambda: len(numbers.sent) > count + 10, 10)
        times.append(take_over(tabs, close))
        tabs.open(origin=insecure)
    # A crash leaves the claim behind.
    leader = tabs.leader
    pid, others = Renderers(chromium).others(leader, tabs.all)
    began = now_ms()
    kill(pid)
    tabs.all = others
    until(lambda: tabs.leader, 10, what="another tab leads")
    tabs.leader.wait_for_status("connected")
    crashed = now_ms() - began
    numbers.finish(tabs.all)
    until(lambda: hub.stats()["streams"]["open"] == 1, 5)
    report(f"by lease: median {statistics.median(times):.0f} ms, at most {max(times):.0f} ms after a close; {crashed / 1000:.1f} s after a crash")
    assert statistics.median(times) <= 300 and crashed <= 8000


FORBIDDEN = "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError') }});"


def test_where_nothing_can_be_kept_each_tab_is_alone(hub, chromium, open_tabs, insecure):
    tabs = open_tabs(chromium, hub, project="alone")
    tabs.context.add_init_script(FORBIDDEN)
    for _ in range(2):
        tabs.open(origin=insecure)
    assert all(tab.status == {"state": "connected", "leader": True, "solo": True} for tab in tabs.all)
    assert hub.stats()["streams"]["open"] == 2
    hub.publish("chat", "message.new", {"n": 1}, project="alone")
    for tab in tabs.all:
        tab.wait_for_number(1)


def test_without_a_channel_each_tab_is_alone(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="mute")
    tabs.context.add_init_script("delete window.BroadcastChannel")
    for _ in range(2):
        tabs.open()
    assert all(tab.status["solo"] for tab in tabs.all)
    assert hub.stats()["streams"]["open"] == 2


@pytest.mark.parametrize("lack", ["storage", "channel"])
def test_tabs_that_are_alone_keep_within_the_users_limit(start_hub, chromium, open_tabs, insecure, lack):
    hub = start_hub("--max-streams-per-user", 3).wait_until_ready(publishes=True)
    tabs = open_tabs(chromium, hub, project="limit")
    tabs.context.add_init_script(FORBIDDEN if lack == "storage" else "delete window.BroadcastChannel")
    for _ in range(5):
        tabs.open(origin=insecure)
    states = lambda: sorted(tab.status["state"] for tab in tabs.all)
    until(lambda: states() == ["connected"] * 3 + ["reconnecting"] * 2)
    assert all(tab.status["solo"] for tab in tabs.all)
    # Half a minute at least, each its own: they do not come back together, nor drive the others out at once.
    waits = [tab.status["retryIn"] for tab in tabs.all if tab.status["state"] == "reconnecting"]
    assert all(20_000 < wait <= 60_000 for wait in waits) and waits[0] != waits[1]
    holds(lambda: hub.stats()["streams"]["opened_total"] == 5, 2)
    assert hub.stats()["streams"]["open"] == 3
    hub.publish("chat", "message.new", {"n": 1}, project="limit")
    for tab in tabs.all:
        if tab.status["state"] == "connected":
            tab.wait_for_number(1)
            assert tab.numbers() == [1]


def test_tabs_that_are_alone_and_refused_say_so(start_hub, chromium, open_tabs):
    hub = start_hub("--max-streams-per-user", 1, "--over-limit", "reject").wait_until_ready(publishes=True)
    tabs = open_tabs(chromium, hub, project="refused", clock=True)
    tabs.context.add_init_script("delete window.BroadcastChannel")
    first, second = tabs.open(), tabs.open(wait=False)
    status = second.wait_for_status("limited")
    assert status["solo"] and status["retryIn"] > 0 and first.status["state"] == "connected"
    tabs.gone(first)
    first.close()
    hub.wait_for_streams(0)
    second.let_pass(status["retryIn"] / 1000)
    second.wait_for_status("connected")


def test_with_locks_but_without_storage_one_leads(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="forgetful")
    tabs.context.add_init_script(FORBIDDEN)
    for _ in range(3):
        tabs.open()
    assert hub.stats()["streams"]["open"] == 1
    take_over(tabs, close)
    hub.publish("chat", "message.new", {"n": 1}, project="forgetful")
    for tab in tabs.all:
        tab.wait_for_number(1)
        assert tab.numbers() == [1]
