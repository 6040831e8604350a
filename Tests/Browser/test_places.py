"""Where a tab is in the timeline: reloads, restarts, duplicates, tabs that come late."""

import json

from browsing.numbers import Numbers, check_sequence
from harness.waiting import until


def handled(tab):
    return tab("JSON.parse(sessionStorage.getItem('handled') ?? '[]')")


def reload(tab):
    tab.page.reload()
    tab.page.wait_for_function("window.isReady")
    tab.wait_for_status("connected")


def test_reloads_under_load_lose_and_repeat_nothing(hub, redis, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="reload")
    lone = tabs.open(keep=True)
    numbers = Numbers(redis, "reload")
    ids = []
    for turn in range(25):
        count = len(numbers.sent)
        until(lambda: len(numbers.sent) > count + 5, 10)
        # From the middle on with company: then it is brought up to date by the other tab.
        if turn == 12:
            tabs.open()
        ids.append(lone.info["id"])
        reload(lone)
    last = numbers.stop()
    sent = hub.get("/history", project_id="reload", user_id="ada", limit=1000).json()["events"]
    assert len(sent) == last
    until(lambda: sent[-1]["id"] in handled(lone), 10)
    seen = handled(lone)
    expected = [event["id"] for event in sent]
    assert len(seen) == len(set(seen)), "repeated"
    assert seen == expected[expected.index(seen[0]) :], f"lost {sorted(set(expected) - set(seen))}"
    assert seen[0] == expected[0]
    assert len(set(ids)) == 1, "a reload keeps the tab's id"


def test_a_restart_of_the_only_tab_goes_on_where_it_was(hub, redis, browser, open_tabs):
    tabs = open_tabs(browser, hub, project="restart")
    first = tabs.open()
    hub.publish("chat", "message.new", {"n": 1}, project="restart")
    first.wait_for_number(1)
    tabs.gone(first)
    first.close()
    hub.wait_for_streams(0)
    for number in (2, 3):
        hub.publish("chat", "message.new", {"n": number}, project="restart")
    second = tabs.open()
    second.wait_for_number(3)
    assert second.numbers() == [2, 3]
    assert all(event["replayed"] for event in second("hubRecord.events") if event["id"])


def test_a_late_tab_sees_what_the_others_saw(hub, browser, open_tabs):
    tabs = open_tabs(browser, hub, project="late")
    first = tabs.open()
    for number in range(1, 21):
        hub.publish("chat", "message.new", {"n": number}, project="late")
    first.wait_for_number(20)
    late = tabs.open()
    late.wait_for_number(20)
    assert late.numbers() == first.numbers() == list(range(1, 21))
    # Who is there as well, though the snapshot was long ago.
    until(lambda: late("hubRecord.events.some(e => e.name === 'presence.snapshot')"), 5)
    hub.publish("chat", "message.new", {"n": 21}, project="late")
    late.wait_for_number(21)
    assert [event["replayed"] for event in late("hubRecord.events") if event["id"]] == [True] * 20 + [False]


def test_a_duplicated_tab_gets_an_id_of_its_own(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="duplicate")
    first = tabs.open()
    # What `window.open` gives has a copy of the tab's storage, as a duplicated tab has.
    with first.page.expect_popup() as popup:
        first("window.open(location.href) && 0")
    second = popup.value
    second.wait_for_function("window.hub?.status.state === 'connected'")
    ids = [first.info["id"], second.evaluate("hub.tab.id")]
    assert len(set(ids)) == 2
    until(lambda: sorted(id for id, _ in first.info["tabs"]) == sorted(ids), 5)
    assert hub.stats()["streams"]["open"] == 1


def test_another_login_sees_nothing_of_the_first(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="logins")
    ada, bob = tabs.open(), tabs.open(user="bob")
    assert ada.leads and bob.leads
    assert hub.stats()["streams"]["open"] == 2
    hub.publish("chat", "message.new", {"n": 1}, project="logins", to={"user": "ada"})
    hub.publish("chat", "message.new", {"n": 2}, project="logins")
    bob.wait_for_number(2)
    ada.wait_for_number(2)
    assert bob.numbers() == [2] and ada.numbers() == [1, 2]


def test_late_ids_are_not_lost(hub, redis, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="numbered")
    tab, other = tabs.open(), tabs.open()
    for id in (10, 20, 15, 20, 15):
        redis.client.fcall("tributary_publish", 1, "{numbered}", "chat", "message.new", json.dumps({"n": id}), "ID", id)
    for each in (tab, other):
        each.wait_for_number(15)
        assert each.numbers() == [10, 20, 15]


def test_who_leads_before_it_was_told_what_it_missed_goes_on_from_its_place(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="untold")
    # Where it is deaf, a tab hears what is new and never what it missed.
    tabs.context.add_init_script("""if (sessionStorage.deaf) window.BroadcastChannel = class extends BroadcastChannel {
        set onmessage(hear) { super.onmessage = message => message.data.t == 'sync' || hear(message) }
    }""")
    leader, other = tabs.open(), tabs.open(keep=True)
    hub.publish("chat", "message.new", {"n": 1}, project="untold")
    other.wait_for_number(1)
    other("sessionStorage.deaf = 1")
    other.page.goto(f"{tabs.site.origin}/other.html")
    hub.publish("chat", "message.new", {"n": 2}, project="untold")
    leader.wait_for_number(2)
    other.page.go_back()
    other.page.wait_for_function("window.isReady && hub.tab.leader")
    hub.publish("chat", "message.new", {"n": 3}, project="untold")
    leader.wait_for_number(3)
    tabs.gone(leader)
    leader.close()
    other.wait_for_status("connected")
    hub.publish("chat", "message.new", {"n": 4}, project="untold")
    other.wait_for_number(4)
    assert other.numbers() == [2, 3, 4]


def test_what_was_missed_beyond_the_cap_is_fetched_first(start_hub, redis, chromium, open_tabs):
    hub = start_hub("--replay-limit", 5, redis=redis).wait_until_ready(publishes=True)
    tabs = open_tabs(chromium, hub, project="capped")
    first = tabs.open()
    hub.publish("chat", "message.new", {"n": 1}, project="capped")
    first.wait_for_number(1)
    tabs.gone(first)
    first.close()
    hub.wait_for_streams(0)
    numbers = Numbers(redis, "capped", rate=500)
    until(lambda: len(numbers.sent) > 300, 20)
    second = tabs.open()
    last = numbers.stop()
    second.wait_for_number(last)
    check_sequence(second.numbers(), last)
    assert second.numbers()[0] == 1, "of the new publisher"
