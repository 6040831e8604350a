"""Debian's Chromium and Firefox ESR, each test's tabs in a context of their own."""

import os
import shutil
import tempfile
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from harness.processes import MARK, MARK_VALUE

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FIREFOX = os.environ.get("FIREFOX", "/usr/bin/firefox-esr")
# An origin that browsers do not trust: neither locks nor `crypto.randomUUID` there.
INSECURE = "lab.test"
# What Playwright forbids Chromium otherwise: to keep pages that are left, and to let hidden ones wait.
NATURAL = [
    "--disable-back-forward-cache",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]


@contextmanager
def browsers():
    """A function that starts browsers, each once, and all end with the block."""
    # Their processes carry the mark too, so that none can be left over unseen.
    os.environ[MARK] = MARK_VALUE
    home = tempfile.mkdtemp(prefix="browser-home-")
    started = {}
    with sync_playwright() as playwright:

        def start(name):
            if name in started:
                return started[name]
            if name.startswith("chromium"):
                arguments = ["--no-sandbox", f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1"]
                # What Playwright turns off, for the tests that are about it.
                natural = NATURAL if name == "chromium-natural" else None
                if natural:
                    arguments.append("--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10")
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=arguments, ignore_default_args=natural
                )
            else:
                browser = playwright.firefox.launch(
                    channel="moz-firefox", executable_path=FIREFOX, env={**os.environ, "HOME": home}
                )
            started[name] = browser
            return browser

        try:
            yield start
        finally:
            for browser in started.values():
                browser.close()
            del os.environ[MARK]
            shutil.rmtree(home, ignore_errors=True)
