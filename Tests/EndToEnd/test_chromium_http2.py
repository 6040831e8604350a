"""A browser's limit of six connections to a host ends with HTTP/2: every tab has a stream of its own, without a leader."""

from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from harness.browser import EventSourcePage, chromium, is_installed
from harness.tls import Certificate
from harness.waiting import until

if not is_installed():
    pytest.fail("Debian's chromium is missing; Tests/run installs it", pytrace=False)

TABS = 20
ESTABLISHED = "01"


def connections(hub):
    """How many connections to the hub's port stand."""
    port = f":{hub.port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(port) and row[3] == ESTABLISHED for row in rows)


def test_twenty_tabs_have_their_streams_on_one_connection(start_hub, tmp_path):
    certificate = Certificate(tmp_path)
    hub = start_hub(*certificate.arguments)
    hub.client = certificate.client(limits=httpx.Limits(max_keepalive_connections=0))
    with chromium("--ignore-certificate-errors") as browser, browser.new_context(
        ignore_https_errors=True, bypass_csp=True
    ) as context:
        pages = []
        with ExitStack() as closing:
            for number in range(TABS):
                pages.append(EventSourcePage(context, hub.url, "channels=chat&project_id=tabs", ["message.new"]))
                closing.callback(pages[-1].close)
            assert hub.open_streams() == TABS
            hub.publish("chat", "message.new", {"text": "to all"}, project="tabs")
            for page in pages:
                assert page.wait_for(1, "message.new")[0]["data"] == '{"text":"to all"}'
                assert page.value("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
                assert page.value("window.errors") == 0
            until(lambda: connections(hub) == 1, 15, what="one connection stands")
            # One tab goes, the others stay.
            pages[0].value("source.close()")
            hub.wait_for_streams(TABS - 1)
            hub.publish("chat", "message.new", 2, project="tabs")
            for page in pages[1:]:
                page.wait_for(2, "message.new")
    hub.wait_for_streams(0)
