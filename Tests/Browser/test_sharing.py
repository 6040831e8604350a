"""Ten tabs, one connection."""

from browsing.numbers import Numbers
from browsing.site import CLIENT
from harness.waiting import until


def test_many_tabs_have_one_connection_and_see_the_same(hub, redis, browser, open_tabs):
    tabs = open_tabs(browser, hub, project="twenty")
    # Firefox takes a second for each.
    for _ in range(20 if browser.browser_type.name == "chromium" else 8):
        tabs.open()
    assert hub.stats()["streams"]["open"] == 1
    assert sum(tab.leads for tab in tabs.all) == 1
    numbers = Numbers(redis, "twenty")
    until(lambda: len(numbers.sent) >= 50, 10)
    numbers.finish(tabs.all)
    for tab in tabs.all:
        assert tab.numbers()[0] == 1
        assert tab("errors") == [] and tab.complaints == []
    assert hub.stats()["streams"]["opened_total"] == 1


def test_the_hub_serves_the_client_to_pages_of_other_origins(hub, site, chromium):
    """The site gives its pages the same files, so that a changed client needs no new hub to be tried."""
    page = chromium.new_page()
    page.goto(f"{site.origin}/other.html")
    for name in ("tributary.js", "tributary-react.js", "tributary.d.ts", "tributary-react.d.ts", "package.json"):
        answer = hub.get(f"/client/{name}")
        assert answer.status_code == 200 and answer.text == (CLIENT / name).read_text("utf-8"), name
    assert page.evaluate("url => import(url).then(module => typeof module.connect)", f"{hub.url}/client/tributary.js") == "function"
    page.close()
