"""Tabs of one person, and what the client told each of them."""

import json
import time
from urllib.parse import urlencode

from harness.waiting import until


class Tab:
    def __init__(self, page):
        self.page = page
        # What the console said that a person would have to look at.
        self.complaints = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def __call__(self, script, argument=None):
        return self.page.evaluate(script, argument)

    @property
    def status(self):
        return self("hub.status")

    @property
    def info(self):
        return self("hub.tab")

    @property
    def leads(self):
        return self("hub.tab.leader === hub.tab.id && !!hub.tab.id")

    def numbers(self, name="message.new"):
        """What the events said, in the order in which they came."""
        return self("name => hubRecord.events.filter(e => e.name === name).map(e => e.data.n)", name)

    def statuses(self):
        return [status for _, status in self("hubRecord.statuses")]

    def wait_for_status(self, state, seconds=10):
        until(lambda: self.status["state"] == state, seconds, what=f"the status is {state}")
        return self.status

    def wait_for_number(self, number, seconds=10, name="message.new"):
        until(lambda: number in self.numbers(name), seconds, what=f"{number} is there")

    def let_pass(self, seconds):
        """Where the tabs have a clock of their own."""
        self.page.clock.fast_forward(int(1000 * seconds))

    def close(self):
        self.page.close()


class Tabs:
    """The tabs of a browser's context, at a site, for a hub."""

    def __init__(self, context, site, hub, project="p1", user="ada", clock=False, **options):
        self.context, self.site = context, site
        if clock:
            context.clock.install()
        self.options = {"url": hub if isinstance(hub, str) else hub.url, "project": project, "user": user} | options
        self.all = []

    def open(self, origin=None, keep=False, page="page.html", wait=True, **options):
        query = {"options": json.dumps(self.options | options)} | ({"keep": 1} if keep else {})
        browser_page = self.context.new_page()
        tab = Tab(browser_page)
        self.all.append(tab)
        browser_page.goto(f"{origin or self.site.origin}/{page}?{urlencode(query)}")
        browser_page.wait_for_function("window.isReady")
        if wait:
            tab.wait_for_status("connected")
        return tab

    @property
    def leader(self):
        return next((tab for tab in self.all if tab.leads), None)

    def gone(self, tab):
        self.all.remove(tab)

    def wait_for_leader(self, seconds=10):
        return until(lambda: self.leader, seconds, what="a tab leads")


def now_ms():
    """As the pages' clocks say it."""
    return time.time() * 1000
