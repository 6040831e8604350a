"""The leading tab goes, in every way that tabs go, while events come."""

import os
import statistics
import time

import pytest

from browsing.natural import NaturalTabs
from browsing.numbers import Numbers
from browsing.processes import Renderers, go_on, kill, stop
from browsing.tabs import now_ms
from harness.waiting import holds, until

pytestmark = pytest.mark.alone

# 40 for the measurement; a few are enough to see that it works.
KILLS = int(os.environ.get("BROWSER_KILLS", "6"))
LONG = KILLS >= 40
# More than a round of silence, doubt and force; 75 for the measurement.
PEACE = 75 if LONG else 8
TABS = 20 if LONG else 6


def take_over(tabs, end, seconds=10):
    """Ends the leader, and returns how long it took until another one's stream was there, in ms."""
    leader = tabs.leader
    tabs.gone(leader)
    survivors = list(tabs.all)
    began = end(leader)
    until(lambda: any(tab.leads for tab in survivors), seconds, every=0.005, what="another tab leads")
    successor = next(tab for tab in survivors if tab.leads)
    successor.wait_for_status("connected")
    connected = [at for at, status in successor("hubRecord.statuses") if status["state"] == "connected" and status["leader"]]
    return next(at for at in connected if at > began - 50) - began


def close(tab):
    began = now_ms()
    tab.page.close()
    return began


def crash(tab):
    target = tab.page.context.new_cdp_session(tab.page).send("Target.getTargetInfo")["targetInfo"]["targetId"]
    browser = tab.page.context.browser.new_browser_cdp_session()
    session = browser.send("Target.attachToTarget", {"targetId": target, "flatten": False})["sessionId"]
    began = now_ms()
    # It never answers, so nobody waits.
    browser.send("Target.sendMessageToTarget", {"sessionId": session, "message": '{"id":1,"method":"Page.crash"}'})
    return began


def killing(browser):
    renderers = Renderers(browser)

    def end(tab):
        pid = renderers.of(tab)
        began = now_ms()
        kill(pid)
        return began

    return end


def is_alive(tab):
    try:
        return tab("1") == 1
    except Exception:
        return False


@pytest.mark.parametrize("way", ["close", "crash", "kill"])
def test_nothing_is_lost_or_repeated_when_the_leader_goes(hub, redis, chromium, open_tabs, report, way):
    tabs = open_tabs(chromium, hub, project=f"go-{way}")
    for _ in range(TABS):
        tabs.open()
    end = {"close": close, "crash": crash, "kill": killing(chromium)}[way]
    numbers = Numbers(redis, f"go-{way}")
    times = []
    for _ in range(max(2, KILLS // 3)):
        count = len(numbers.sent)
        until(lambda: len(numbers.sent) > count + 10, 10)
        times.append(take_over(tabs, end))
        tabs.all = [tab for tab in tabs.all if way != "kill" or is_alive(tab)]
        tabs.open()
    numbers.finish(tabs.all)
    for tab in tabs.all:
        assert tab("errors") == []
    until(lambda: hub.stats()["streams"]["open"] == 1, 5)
    report(f"take-over after {way}: median {statistics.median(times):.0f} ms, at most {max(times):.0f} ms of {len(times)}")
    assert statistics.median(times) <= 250


def test_firefox_takes_over_as_well(hub, redis, start_browser, open_tabs, report):
    tabs = open_tabs(start_browser("firefox"), hub, project="go-firefox")
    for _ in range(3):
        tabs.open()
    numbers = Numbers(redis, "go-firefox")
    times = []
    for _ in range(max(2, KILLS // 3)):
        count = len(numbers.sent)
        until(lambda: len(numbers.sent) > count + 10, 10)
        times.append(take_over(tabs, close))
        tabs.open()
    numbers.finish(tabs.all)
    report(f"take-over in Firefox: median {statistics.median(times):.0f} ms, at most {max(times):.0f} ms of {len(times)}")
    assert statistics.median(times) <= 500


@pytest.mark.parametrize("way", ["stopped", "busy"])
def test_a_leader_that_hangs_is_replaced(hub, redis, chromium, open_tabs, report, way):
    tabs = open_tabs(chromium, hub, project=f"hang-{way}")
    for _ in range(3):
        tabs.open()
    leader = tabs.leader
    pid, others = Renderers(chromium).others(leader, tabs.all)
    assert others, "all tabs live in one process"
    tabs.all = [leader, *others]
    numbers = Numbers(redis, f"hang-{way}")
    until(lambda: len(numbers.sent) > 20, 10)
    began = now_ms()
    if way == "stopped":
        stop(pid)
    else:
        leader.page.evaluate("() => setTimeout(() => { const end = performance.now() + 8000; while (performance.now() < end); })")
    until(lambda: any(tab.leads for tab in others), 10, what="another tab leads")
    successor = next(tab for tab in others if tab.leads)
    successor.wait_for_status("connected")
    took = now_ms() - began
    if way == "stopped":
        go_on(pid)
    until(lambda: not leader.leads, 15, what="the old leader has noticed")
    numbers.finish(tabs.all)
    assert hub.stats()["streams"]["open"] == 1
    assert sum(tab.leads for tab in tabs.all) == 1
    report(f"a leader that was {way} was replaced after {took / 1000:.1f} s")
    assert took <= 8000


def test_a_frozen_leader_is_replaced_at_once(hub, redis, chromium, open_tabs, report):
    tabs = open_tabs(chromium, hub, project="frozen")
    for _ in range(3):
        tabs.open()
    numbers = Numbers(redis, "frozen")
    until(lambda: len(numbers.sent) > 20, 10)
    leader = tabs.leader
    began = now_ms()
    # Playwright's pages are always visible, and those are never frozen: so the page is told what Chromium would tell it.
    leader("document.dispatchEvent(new Event('freeze', {bubbles: true}))")
    others = [tab for tab in tabs.all if tab is not leader]
    until(lambda: any(tab.leads for tab in others), 10, every=0.005)
    took = now_ms() - began
    leader("document.dispatchEvent(new Event('resume', {bubbles: true}))")
    leader.wait_for_status("connected")
    numbers.finish(tabs.all)
    report(f"a frozen leader was replaced after {took:.0f} ms")
    assert took <= 8000


def test_a_leader_that_chromium_freezes_is_replaced(hub, redis, chromium, stopping, site, report):
    """Its timers and its stream stand still, until it is woken."""
    tabs = stopping(NaturalTabs(chromium, site, hub, "really-frozen"))
    for _ in range(3):
        tabs.open()
    numbers = Numbers(redis, "really-frozen")
    until(lambda: len(numbers.sent) > 20, 10)
    leader = tabs.leader
    others = [tab for tab in tabs.all if tab is not leader]
    leader("window.frozen = 0, window.ticks = 0, document.addEventListener('freeze', () => frozen++), setInterval(() => ticks++, 20), 0")
    began = now_ms()
    leader.become("frozen")
    until(lambda: any(tab.leads for tab in others), 10, every=0.005, what="another tab leads")
    took = now_ms() - began
    ticks, count = leader("ticks"), len(numbers.sent)
    until(lambda: len(numbers.sent) > count + 20, 10)
    assert leader("frozen") == 1 and leader("ticks") == ticks, "it is frozen"
    leader.become("active")
    leader.wait_for_status("connected")
    numbers.finish(tabs.all)
    assert not leader.leads and hub.stats()["streams"]["open"] == 1
    report(f"a leader that Chromium froze was replaced after {took:.0f} ms")
    assert took <= 8000


def test_a_leader_that_is_put_aside_comes_back_as_a_follower(hub, redis, start_browser, open_tabs, report):
    tabs = open_tabs(start_browser("chromium-natural"), hub, project="aside")
    for _ in range(3):
        tabs.open()
    numbers = Numbers(redis, "aside")
    until(lambda: len(numbers.sent) > 20, 10)
    leader = tabs.leader
    others = [tab for tab in tabs.all if tab is not leader]
    leader("window.wasHere = true, addEventListener('pageshow', event => (window.wasKept = event.persisted)), 0")
    began = now_ms()
    leader.page.goto(f"{tabs.site.origin}/other.html")
    until(lambda: any(tab.leads for tab in others), 10, every=0.005)
    took = now_ms() - began
    count = len(numbers.sent)
    until(lambda: len(numbers.sent) > count + 20, 10)
    # From the cache nothing is loaded.
    leader.page.go_back(wait_until="commit")
    until(lambda: leader("window.wasKept") is True, 5, what="it is the page from the cache")
    leader.wait_for_status("connected")
    numbers.finish(tabs.all)
    assert not leader.leads and hub.stats()["streams"]["open"] == 1
    report(f"a leader in the back-forward cache was replaced after {took:.0f} ms")
    assert took <= 8000


@pytest.mark.timeout(400)
def test_a_hidden_leader_is_left_in_peace(start_hub, redis, start_browser, stopping, site, report):
    """Chromium lets its timers run once a second, and after ten of those once a minute; its stream and its messages are not late."""
    hub = start_hub(redis=redis).wait_until_ready(publishes=True)
    tabs = stopping(NaturalTabs(start_browser("chromium-natural"), site, hub, "hidden"))
    leader, hidden, follower = (tabs.open() for _ in range(3))
    assert [tab("document.visibilityState") for tab in tabs.all] == ["hidden", "hidden", "visible"]
    term = leader.info["term"]
    follower("window.ticks = [performance.now()], new BroadcastChannel('ticks').onmessage = () => ticks.push(performance.now()), 0")
    leader("window.ticking = new BroadcastChannel('ticks'), setInterval(() => ticking.postMessage(0), 100), 0")
    # Of a page that is looked into Chromium does not ask so much.
    leader.let_go()
    # A tenth of a second, were it not hidden.
    longest = lambda: follower("Math.max(...ticks.map((at, i) => (ticks[i + 1] ?? performance.now()) - at))")
    until(lambda: longest() > (10_000 if LONG else 800), 100, every=0.5, what="its timers are late")
    holds(lambda: follower.info["term"] == term, PEACE)
    assert hub.stats()["streams"]["opened_total"] == 1
    numbers = Numbers(redis, "hidden", rate=20)
    until(lambda: len(numbers.sent) > 20, 10)
    numbers.finish([hidden, follower])
    report(f"a hidden leader whose timers were up to {longest() / 1000:.1f} s late was left in peace for {PEACE} s")
    if not LONG:
        leader.attach()
        assert leader.leads
        return
    # It need not wait for its timer where another tab is looked at.
    hub.kill()
    follower.wait_for_status("reconnecting")
    start_hub(redis=redis, port=hub.port).wait_until_ready(publishes=True)
    began = time.monotonic()
    follower.wait_for_status("connected", 40)
    report(f"and connected {time.monotonic() - began:.1f} s after the hub was back; its timers were up to {longest() / 1000:.1f} s late")


def test_force_reconnects_from_any_tab(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="force")
    for _ in range(3):
        tabs.open()
    opened = hub.stats()["streams"]["opened_total"]
    for tab in tabs.all:
        tab("hub.reconnect()")
        opened += 1
        until(lambda: hub.stats()["streams"]["opened_total"] == opened, 5, what="a new connection")
        tabs.wait_for_leader().wait_for_status("connected")
        until(lambda: tabs.leader("hubRecord.statuses.at(-1)[1].state") == "connected", 5)
    assert hub.stats()["streams"]["open"] == 1
