"""Tabs that Playwright does not know: those it knows are always visible, and Chromium freezes no visible page."""

import itertools
import json
from urllib.parse import urlencode

from browsing.tabs import Tab
from harness.waiting import until


class NaturalTabs:
    """Tabs of one person in a context of their own."""

    def __init__(self, browser, site, hub, project):
        self.site = site
        self.options = {"url": hub.url, "project": project, "user": "ada"}
        self.session = browser.new_browser_cdp_session()
        self.context = self.session.send("Target.createBrowserContext")["browserContextId"]
        self.all = []

    def open(self):
        url = f"{self.site.origin}/page.html?{urlencode({'options': json.dumps(self.options)})}"
        tab = NaturalTab(self.session, self.context, url)
        self.all.append(tab)
        until(lambda: tab("window.isReady"), what="the page is ready")
        tab.wait_for_status("connected")
        return tab

    @property
    def leader(self):
        return next((tab for tab in self.all if tab.leads), None)

    def stop(self):
        self.session.send("Target.disposeBrowserContext", {"browserContextId": self.context})


class NaturalTab(Tab):
    def __init__(self, session, context, url):
        self.session = session
        self.ids = itertools.count(1)
        self.answers = {}
        self.target = session.send("Target.createTarget", {"url": url, "browserContextId": context})["targetId"]
        session.on("Target.receivedMessageFromTarget", self._heard)
        self.attach()

    def attach(self):
        self.id = self.session.send("Target.attachToTarget", {"targetId": self.target, "flatten": False})["sessionId"]

    def let_go(self):
        """Until it is attached again, nothing can be asked of the page."""
        self.session.send("Target.detachFromTarget", {"sessionId": self.id})

    def _heard(self, message):
        if message["sessionId"] == self.id:
            answer = json.loads(message["message"])
            self.answers[answer.get("id")] = answer

    def send(self, method, **parameters):
        id = next(self.ids)
        message = json.dumps({"id": id, "method": method, "params": parameters})
        self.session.send("Target.sendMessageToTarget", {"sessionId": self.id, "message": message})
        # Any other request lets what has come in be heard.
        until(lambda: id in self.answers or not self.session.send("Browser.getVersion"), 10, what=method)
        return self.answers.pop(id)["result"]

    def __call__(self, script, argument=None):
        if argument is not None:
            script = f"({script})({json.dumps(argument)})"
        return self.send("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def become(self, state):
        """`frozen` or `active`."""
        self.send("Page.setWebLifecycleState", state=state)
