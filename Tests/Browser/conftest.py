"""Fixtures: a hub on a Redis, a site of pages, browsers; each stops what it started."""

import re
from pathlib import Path

import pytest

from browsing.browsers import browsers
from browsing.site import Site
from browsing.tabs import Tabs
from harness.fixtures import pytest_configure, report, stopping  # noqa: F401
from harness.hub import REPOSITORY, Hub
from harness.processes import survivors
from harness.redis_server import RedisServer
from harness.waiting import until

SCREENSHOTS = REPOSITORY / ".build/test-results"
# Those that run.
BROWSERS = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    # Before the fixtures close what is open.
    if report.failed and call.when == "call":
        photograph(item.name)


@pytest.fixture(scope="session")
def site():
    site = Site()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def start_browser():
    with browsers() as start:

        def start_and_note(name):
            browser = start(name)
            BROWSERS[name] = browser
            return browser

        yield start_and_note
        BROWSERS.clear()
    until(lambda: not survivors(), 10, what="no browser is left")


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def start_hub(stopping, site):
    """A hub that lets the site's pages in."""

    def start(*arguments, origins=(), **options):
        allowed = ",".join([site.origin, f"http://lab.test:{site.port}", *origins])
        return stopping(Hub("--cors-origins", allowed, *arguments, **options))

    return start


@pytest.fixture
def hub(start_hub, redis):
    return start_hub(redis=redis).wait_until_ready(publishes=True)


@pytest.fixture(params=["chromium", "firefox"])
def browser(request, start_browser):
    return start_browser(request.param)


@pytest.fixture
def chromium(start_browser):
    return start_browser("chromium")


@pytest.fixture
def open_tabs(site):
    """Tabs of one person."""
    opened = []

    def open_tabs(browser, hub, **options):
        tabs = Tabs(browser.new_context(), site, hub, **options)
        opened.append(tabs)
        return tabs

    yield open_tabs
    for tabs in opened:
        tabs.context.close()


def photograph(name):
    """Keeps what the pages show, each with what its client says of itself if it has one; the first four of them."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    pages = [page for browser in BROWSERS.values() for context in browser.contexts for page in context.pages]
    for index, page in enumerate(pages[:4]):
        try:
            shown = "JSON.stringify([window.hub?.status, window.hub?.tab, window.hubRecord?.statuses, window.errors], null, 1)"
            said = "Object.assign(document.createElement('pre'), { textContent: %s })" % shown
            page.evaluate(f"window.hubRecord && document.body.append({said})")
            page.screenshot(path=SCREENSHOTS / f"browser-{re.sub(r'[^a-z0-9]+', '-', name)}-{index}.png", timeout=3000)
        except Exception:
            pass
