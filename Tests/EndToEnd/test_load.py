"""1,000 streams × 1,000 events through Redis, the hub on one core."""

import time

import pytest

from harness.feed import Feed, publish_numbers
from harness.waiting import until

pytestmark = pytest.mark.alone

STREAMS, EVENTS, SIZE = 1_000, 1_000, 200
FRAME = len("event: message.new\ndata: ") + SIZE + len("\n\n")


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0, 0.004], ids=["one burst", "250 a second"])
def test_none_is_lost_repeated_or_out_of_order_and_the_numbers_add_up(
    start_hub, start_redis, start_load, pause, report
):
    redis = start_redis()
    hub = start_hub("--threads", 1, redis=redis, cpus="0").wait_until_ready()
    load = start_load()
    load.open(hub, STREAMS, channels="chat,jobs", project_id="load", user_id="u{i}")
    before, began = hub.cpu_seconds, time.monotonic()
    if pause:
        for number in range(EVENTS):
            publish_numbers(redis.client, "chat:load", [number], SIZE)
            time.sleep(pause)
    else:
        publish_numbers(redis.client, "chat:load", range(EVENTS), SIZE, EVENTS)
    totals = load.wait_for(EVENTS, seconds=60)
    cost, took = hub.cpu_seconds - before, time.monotonic() - began
    report(f"{STREAMS} streams x {EVENTS} events took {took:.1f} s, {cost:.2f} s of the hub's CPU")
    assert totals["least"] == totals["most"] == EVENTS
    assert (totals["events"], totals["lost"], totals["repeated"]) == (STREAMS * EVENTS, 0, 0)
    assert (totals["gaps"], totals["closes"], totals["others"], totals["ended"]) == (0, 0, 0, 0)
    # The last bytes are counted when the socket took them, which a reader may see first.
    until(lambda: hub.stats()["channels"]["chat"]["delivered_total"] >= STREAMS * EVENTS, 5)
    stats = hub.stats()
    chat = stats["channels"]["chat"]
    assert chat["delivered_total"] == STREAMS * EVENTS
    assert chat["delivered_bytes_total"] == STREAMS * EVENTS * FRAME
    assert chat["published_total"] == EVENTS
    assert chat["streams"] == STREAMS and stats["channels"]["jobs"]["streams"] == STREAMS
    assert stats["channels"]["jobs"]["delivered_total"] == 0
    assert stats["streams"]["open"] == STREAMS and stats["users"] == STREAMS and stats["projects"] == 1
    assert stats["relay"]["received_total"] == EVENTS
    assert stats["relay"]["rejected_total"] == {} or not any(stats["relay"]["rejected_total"].values())


@pytest.mark.slow
def test_streams_that_come_and_go_during_a_feed_see_no_hole_in_what_they_see(start_hub, start_redis, start_load):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    load = start_load()
    feed = Feed(redis, "chat:churn", rate=500, size=200)
    staying = load.open(hub, 50, channels="chat", project_id="churn")
    for _ in range(6):
        first = load.open(hub, 100, channels="chat", project_id="churn")
        load.wait_for(feed.next, first, 100, seconds=20)
        load.close(first, 100)
    end = feed.stop()
    totals = load.wait_for(end, staying, 50, seconds=20)
    everybody = load.totals()
    assert totals["lost"] == totals["repeated"] == everybody["lost"] == everybody["repeated"] == 0
    hub.wait_for_streams(50)
    stats = hub.stats()["streams"]
    assert stats["opened_total"] == 650
    assert sum(stats["closed_total"].values()) == 600
