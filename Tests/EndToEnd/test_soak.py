"""Twenty thousand streams come and go beside six browsers of one user, and nothing of it stays."""

import asyncio
import time

import pytest

from harness.browser import EventSourcePage, chromium, is_installed
from harness.registry import Registry
from harness.waiting import until

pytestmark = pytest.mark.long

WARM_UP, OPENS, AT_A_TIME, USERS = 3_000, 20_000, 100, 200
SECONDS = 60


def come_and_go(crowd, nodes, count):
    """So many streams of named users with instances, a hundred at a time, over both nodes; each was greeted."""
    numbers = iter(range(count))

    async def visit():
        for number in numbers:
            query = {
                "channels": "chat",
                "project_id": "soak",
                "user_id": f"user-{number % USERS}",
                "client_instance_id": f"i-{number}",
            }
            member = await crowd.enter(nodes[number % 2], query)
            assert member.status == 200 and member.names == ["connected"], (member.status, member.names)
            member.transport.close()

    async def all_of_them():
        await asyncio.gather(*(visit() for _ in range(AT_A_TIME)))

    crowd.run(all_of_them(), 150)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_six_browsers_of_one_user_share_five_streams_while_twenty_thousand_others_leave_no_trace(
    start_nodes, crowd, report
):
    assert is_installed(), "Debian's chromium is missing; Tests/run installs it"
    one, two, redis = start_nodes()
    nodes, registry = [one, two], Registry(redis)
    with chromium() as browser:
        pages = [
            EventSourcePage(
                browser,
                nodes[number % 2].url,
                f"channels=chat&user_id=six&client_instance_id=browser-{number}&project_id=soak",
                ["server_close"],
            )
            for number in range(6)
        ]
        began = time.monotonic()
        come_and_go(crowd, nodes, WARM_UP)
        until(lambda: sum(node.open_streams() for node in nodes) == 5, 10)
        until(lambda: redis.client.hkeys("tributary:{soak}:presence") == [b"six"], 20, what="the others are offline")
        keys, memory = registry.all_keys(), [node.resident_bytes for node in nodes]
        started = time.monotonic()
        come_and_go(crowd, nodes, OPENS)
        took = time.monotonic() - started
        until(lambda: sum(node.open_streams() for node in nodes) == 5, 10)
        grown = [node.resident_bytes - before for node, before in zip(nodes, memory, strict=True)]
        until(lambda: registry.all_keys() == keys, 30, what="Redis has the keys that it had")
        assert registry.stream_keys() == set(registry.keys("six", "soak").values())
        # The browsers go on for the rest of the minute.
        pages[0].page.wait_for_timeout(max(0.0, SECONDS - (time.monotonic() - began)) * 1000)

        def evicted():
            return sum(node.stats()["streams"]["closed_total"].get("evicted", 0) for node in nodes)

        def figures():
            """Those of one moment: no page came back and sent another away while they were read."""
            before = evicted()
            closings = [entry for page in pages for entry in page.seen("server_close")]
            opened = sum(len(page.seen("connected")) for page in pages)
            open_now = sum(node.open_streams() for node in nodes)
            same = evicted() == before == len(closings) and open_now == 5
            return (closings, opened, before) if same else None

        closings, opened, evictions = until(figures, 15, what="each eviction was told, and five are open")
        for page in pages:
            page.close()
    report(
        f"{OPENS} opens in {took:.0f} s; RSS grew by {[round(each / 1048576, 1) for each in grown]} MiB; "
        f"{evictions} evictions in {SECONDS} s"
    )
    assert all('"evicted"' in entry["data"] for entry in closings)
    assert 1 <= evictions <= 12, "six share five places, and do not chase each other"
    # Each was away at most once a time; none was lost from sight.
    assert 6 <= opened <= 6 + evictions
    assert all(each < 24 << 20 for each in grown)
