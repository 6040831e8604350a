"""Debian's Chromium, driven by Playwright. Pages come from the hub's own origin, so that `EventSource` may read it."""

import os
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from .processes import MARK, MARK_VALUE

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

OPEN = """([query, names]) => {
    const source = new EventSource('/stream?' + query);
    window.source = source; window.seen = []; window.errors = 0; window.opened = 0;
    source.onopen = () => { window.opened += 1 };
    source.onerror = () => { window.errors += 1 };
    for (const name of names) {
        source.addEventListener(name, event => window.seen.push(
            {handler: name, type: event.type, data: event.data, id: event.lastEventId}));
    }
}"""


@contextmanager
def chromium(*arguments):
    # The browser's processes carry the mark too, so that none can be left over unseen.
    os.environ[MARK] = MARK_VALUE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *arguments])
        try:
            yield browser
        finally:
            browser.close()
            del os.environ[MARK]


def page_of(browser, url):
    """A page of the hub's origin, in a browser or in a context that passes over policies. There is none yet; any answer will do to stand on, without its policy for answers."""
    page = browser.new_page() if isinstance(browser, BrowserContext) else browser.new_page(bypass_csp=True)
    page.goto(url + "/healthz")
    return page


class EventSourcePage:
    """A page with one `EventSource` and a list of what its listeners were given."""

    def __init__(self, browser, url, query, names):
        self.page = page_of(browser, url)
        self.names = [*names, "connected"]
        self.page.evaluate(OPEN, [query, self.names])
        self.wait_for(1, "connected")

    def seen(self, name=None):
        return [entry for entry in self.page.evaluate("window.seen") if name in (None, entry["handler"])]

    def wait_for(self, count, name=None, seconds=15):
        self.page.wait_for_function(
            "([count, name]) => window.seen.filter(e => !name || e.handler === name).length >= count",
            arg=[count, name],
            timeout=seconds * 1000,
        )
        return self.seen(name)

    def value(self, expression):
        return self.page.evaluate(expression)

    def close(self):
        self.page.close()


def is_installed():
    return Path(CHROMIUM).exists()
