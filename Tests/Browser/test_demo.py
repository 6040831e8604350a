"""The small chat at `/demo`: two people, side by side and in windows of their own."""

import pytest

from browsing.looking import Look, LookedAt
from harness.waiting import until


@pytest.fixture
def demo(stopping):
    """One for each test, so that each begins with an empty room."""
    return stopping(LookedAt("--demo")).wait_until_ready(publishes=True)


@pytest.fixture
def look(chromium, stopping):
    return lambda hub, path="/demo", **options: stopping(Look(chromium, hub.url, path, **options))


def pane(look, name):
    found = look.page.locator(f"section[aria-labelledby='name-{name}']")
    found.locator(".connection[data-state=good]").wait_for()
    return found


def write(pane, text):
    pane.locator("input").fill(text)
    pane.get_by_role("button", name="Send").click()


def reads(pane):
    return [text.split("\n")[0] for text in pane.locator(".log .bubble").all_inner_texts()]


def test_without_demo_there_is_none(stopping):
    hub = stopping(LookedAt())
    assert hub.get("/demo").status_code == 404
    assert hub.get("/demo/demo.js").status_code == 404
    assert hub.client.post(hub.url + "/demo/jobs").status_code == 404


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (360, 640)])
def test_two_people_chat_side_by_side(demo, look, scheme, size):
    page = look(demo, scheme=scheme, size=size)
    ada, grace = (page.page.locator(f"section[aria-labelledby='name-{name}']") for name in ("ada", "grace"))
    for person in (ada, grace):
        person.locator(".connection[data-state=good]").wait_for(state="attached")

    def turn(name):
        if size[0] < 760:
            page.page.locator("#who button", has_text=name).click()

    turn("ada")
    write(ada, "Shall we ship it?")
    turn("grace")
    until(lambda: reads(grace) == ["Shall we ship it?"])
    write(grace, "<b>Yes</b>")
    until(lambda: reads(grace) == ["Shall we ship it?", "<b>Yes</b>"])
    turn("ada")
    until(lambda: reads(ada) == ["Shall we ship it?", "<b>Yes</b>"])
    ada.get_by_role("button", name="Run a job").click()
    ada.locator(".jobs progress").wait_for()
    assert page.page.locator("b").count() == 0
    assert page.fits()
    faint, count = page.faint()
    assert faint == [] and count > 10
    assert page.nameless() == []
    assert page.all_complaints() == []


def test_firefox_shows_it_as_well(demo, start_browser, stopping):
    page = stopping(Look(start_browser("firefox"), demo.url, "/demo"))
    ada, grace = pane(page, "ada"), pane(page, "grace")
    write(ada, "Is anybody there?")
    until(lambda: reads(grace) == reads(ada) == ["Is anybody there?"])
    grace.get_by_role("button", name="Run a job").click()
    ada.locator(".jobs progress").wait_for()
    assert page.fits() and page.faint()[0] == [] and page.nameless() == []
    assert page.all_complaints() == []


def test_the_keyboard_goes_through_it_in_order(demo, look):
    page = look(demo)
    for name in ("ada", "grace"):
        pane(page, name)
    places = page.tour()
    assert places[0]["name"] == "skip" and len(places) >= 11
    assert [place["name"] for place in places if not place["shows"] or not place["follows"]] == []


def test_presence_and_typing_reach_the_other(demo, look):
    ada = pane(look(demo, "/demo?user=ada"), "ada")
    other = look(demo, "/demo?user=grace")
    grace = pane(other, "grace")
    until(lambda: ada.locator(".present").inner_text().split("\n") == ["ada (you)", "grace"])
    ada.get_by_role("button", name="Away").click()
    grace.locator(".present li[data-status=away]", has_text="ada, away").wait_for()
    ada.get_by_role("button", name="Away").click()
    until(lambda: grace.locator(".present li[data-status=away]").count() == 0)
    ada.locator("input").press_sequentially("Hel")
    grace.locator(".typing", has_text="ada is typing").wait_for()
    ada.locator("input").fill("Hello")
    ada.get_by_role("button", name="Send").click()
    until(lambda: grace.locator(".typing").inner_text() == "")
    other.stop()
    until(lambda: ada.locator(".present").inner_text().split("\n") == ["ada (you)"], 45, what="grace has gone")


def test_a_job_is_watched_to_its_end_by_both(demo, look):
    page = look(demo)
    ada, grace = pane(page, "ada"), pane(page, "grace")
    ada.get_by_role("button", name="Run a job").click()
    bars = [person.locator("progress") for person in (ada, grace)]
    for bar in bars:
        bar.wait_for()
    until(lambda: all(0 < bar.evaluate("bar => bar.value") < 100 for bar in bars), what="both are under way")
    for person in (ada, grace):
        person.locator(".jobs [data-state=good]", has_text="done").wait_for()
    for person in (ada, grace):
        until(lambda: person.locator(".jobs li").count() == 0, 15, what="a job that ended goes away")


@pytest.mark.parametrize("first", ["answer", "echo"])
def test_a_message_is_shown_once_whichever_of_answer_and_echo_comes_first(demo, look, first):
    mine, others = look(demo, "/demo?user=ada"), look(demo, "/demo?user=grace")
    ada, grace = pane(mine, "ada"), pane(others, "grace")
    held = []
    mine.page.route("**/publish*", lambda route: held.append(route))
    write(ada, "Once")
    until(lambda: held or mine.page.wait_for_timeout(20))
    # Before anybody else has it.
    assert reads(ada) == ["Once"] and "sending" in ada.locator(".own").inner_text()
    if first == "answer":
        held[0].continue_()
    else:
        body = held[0].request.post_data_json
        answer = demo.client.post(demo.url + "/publish", json=body)
        until(lambda: "sending" not in ada.locator(".own").inner_text())
        held[0].fulfill(status=200, json=answer.json())
    until(lambda: reads(grace) == ["Once"])
    until(lambda: "sending" not in ada.locator(".own").inner_text())
    write_again = "Twice"
    mine.page.unroute("**/publish*")
    write(ada, write_again)
    until(lambda: reads(grace) == ["Once", write_again])
    assert reads(ada) == ["Once", write_again]


def test_what_was_not_sent_is_sent_again_once(demo, look):
    mine, others = look(demo, "/demo?user=ada"), look(demo, "/demo?user=grace")
    ada, grace = pane(mine, "ada"), pane(others, "grace")
    # The hub gets it, and the answer gets lost.
    mine.page.route("**/publish*", lambda route: (demo.client.post(demo.url + "/publish", json={
        **route.request.post_data_json, "client_msg_id": "other", "data": {"content": {"text": "not this one"}}}), route.abort()))
    write(ada, "Anybody?")
    again = ada.get_by_role("button", name="Try again")
    again.wait_for()
    mine.page.unroute("**/publish*")
    again.click()
    until(lambda: reads(grace)[-1:] == ["Anybody?"])
    until(lambda: ada.locator("[data-state=failed], [data-state=pending]").count() == 0)
    assert reads(ada).count("Anybody?") == 1 and reads(grace).count("Anybody?") == 1


def test_who_comes_late_or_again_sees_what_the_others_saw(demo, look):
    first = look(demo, "/demo?user=ada")
    ada = pane(first, "ada")
    for text in ("one", "two"):
        write(ada, text)
    until(lambda: reads(ada) == ["one", "two"])
    grace = pane(look(demo, "/demo?user=grace"), "grace")
    until(lambda: reads(grace) == ["one", "two"])
    first.page.reload()
    ada = pane(first, "ada")
    until(lambda: reads(ada) == ["one", "two"])
    write(grace, "three")
    until(lambda: reads(ada) == ["one", "two", "three"])


def test_two_tabs_of_a_person_share_a_stream(demo, look, chromium, stopping):
    first = look(demo, "/demo?user=ada")
    pane(first, "ada")
    second = stopping(Look(chromium, demo.url, "/demo?user=ada", context=first.context))
    ada = pane(second, "ada")
    assert demo.stats(project_id="demo")["streams"]["open"] == 1
    until(lambda: ada.locator(".present").inner_text() == "ada (you)")
    write(ada, "From the second tab")
    until(lambda: reads(pane(first, "ada")) == ["From the second tab"])
