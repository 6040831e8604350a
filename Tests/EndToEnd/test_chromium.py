"""Chromium's own `EventSource`, unchanged."""

import json
import signal

import pytest

from harness.browser import EventSourcePage, chromium, is_installed, page_of

if not is_installed():
    pytest.fail("Debian's chromium is missing; Tests/run installs it", pytrace=False)


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def open_page(browser, stopping):
    class Closing:
        def __init__(self, page):
            self.page = page

        def stop(self):
            self.page.close()

    def open_page(url, query, *names):
        return stopping(Closing(EventSourcePage(browser, url, query, names))).page

    return open_page


def test_typed_frames_of_several_channels_reach_their_listeners(redis_hub, redis, open_page):
    page = open_page(
        redis_hub.url,
        "channels=chat,jobs,presence&project_id=web",
        "message.new",
        "job.progress",
        "presence.changed",
        "typing.start",
    )
    sent = [
        ("chat", "message.new", '{"text": "grüße 🎉" }', "7"),
        ("jobs", "job.progress", '{"percent":50}', None),
        ("presence", "presence.changed", "[1,\n2]", None),
        ("chat", "message.new", '"second"', "8"),
        ("chat", "typing.start", "null", None),
    ]
    for channel, event, data, id in sent:
        redis.publish(f"{channel}:web", f'{{"event":"{event}","id":{json.dumps(id)},"data":{data}}}')
    seen = page.wait_for(len(sent) + 1)[1:]
    assert [entry["type"] for entry in seen] == [event for _, event, _, _ in sent]
    assert [entry["handler"] for entry in seen] == [entry["type"] for entry in seen]
    assert [entry["data"] for entry in seen] == [data for _, _, data, _ in sent]
    assert [entry["id"] for entry in seen] == ["7", "7", "7", "8", "8"], (
        "an ephemeral event leaves the cursor where it is"
    )
    assert page.value("window.errors") == 0


def test_connected_lists_the_events_a_page_needs_listeners_for(redis_hub, redis, browser, open_page):
    page = open_page(redis_hub.url, "channels=chat&project_id=auto")
    page.page.evaluate("""() => {
        const known = JSON.parse(window.seen[0].data).events;
        for (const name of known) source.addEventListener(name, e => window.seen.push({handler: name, data: e.data}));
    }""")
    redis.publish("chat:auto", '{"event":"message.new","data":1}')
    redis.publish("chat:auto", '{"event":"typing.stop","data":2}')
    assert [entry["handler"] for entry in page.wait_for(3)][1:] == ["message.new", "typing.stop"]


def test_a_cut_connection_is_opened_again_by_the_browser_with_its_last_id(redis_hub, redis, start_proxy, open_page):
    proxy = start_proxy(redis_hub.address)
    page = open_page(proxy.url, "channels=chat&project_id=cut", "message.new", "gap")
    redis.publish("chat:cut", '{"event":"message.new","id":"70","data":"before"}')
    page.wait_for(1, "message.new")
    proxy.cut()
    page.wait_for(2, "connected", seconds=15)
    again = [head for head in proxy.heads if b"GET /stream" in head][-1]
    assert b"last-event-id: 70\r\n" in again.lower()
    greeting = json.loads(page.seen("connected")[-1]["data"])
    assert greeting["from_seq"] == 70 and greeting["recovered"] is True
    redis.publish("chat:cut", '{"event":"message.new","id":"71","data":"after"}')
    assert [entry["data"] for entry in page.wait_for(2, "message.new")] == ['"before"', '"after"']
    assert page.seen("gap") == []


def test_what_was_missed_while_away_is_replayed(redis_hub, redis, start_proxy, open_page):
    proxy = start_proxy(redis_hub.address)
    page = open_page(proxy.url, "channels=chat&project_id=missed", "message.new", "message.replay", "replay.end", "gap")
    redis.publish("chat:missed", '{"event":"message.new","id":"1","data":1}')
    page.wait_for(1, "message.new")
    proxy.cut()
    # The node stays subscribed while the page is away, so it puts what it hears into the log.
    redis.publish("chat:missed", '{"event":"message.new","id":"2","data":2}')
    page.wait_for(1, "replay.end", seconds=15)
    assert json.loads(page.seen("connected")[-1]["data"])["recovered"] is True
    assert [(entry["id"], entry["data"]) for entry in page.seen("message.replay")] == [("2", "2")]
    assert page.seen("gap") == []


def test_a_page_survives_the_restart_of_the_hub(start_hub, redis, open_page):
    hub = start_hub("--drain-seconds", 1, redis=redis).wait_until_ready()
    page = open_page(hub.url, "channels=chat&project_id=restart", "message.new", "server_close")
    hub.signal(signal.SIGTERM)
    closing = json.loads(page.wait_for(1, "server_close")[0]["data"])
    assert closing["reason"] == "draining" and closing["reconnect"] is True
    assert hub.wait() == 0
    start_hub("--drain-seconds", 1, redis=redis, port=hub.port).wait_until_ready()
    page.wait_for(2, "connected", seconds=20)
    redis.publish("chat:restart", '{"event":"message.new","data":"again"}')
    assert page.wait_for(1, "message.new")[0]["data"] == '"again"'


def test_heartbeat_events_are_visible_to_javascript(redis_hub, open_page):
    page = open_page(redis_hub.url, "channels=chat&project_id=beat&heartbeat=event&heartbeat_ms=5000", "heartbeat")
    page.wait_for(1, "heartbeat", seconds=9)


def test_a_refused_stream_ends_the_event_source_for_good(redis_hub, browser):
    page = page_of(browser, redis_hub.url)
    state = page.evaluate("""() => new Promise(done => {
        const source = new EventSource('/stream?channels=nope');
        source.onerror = () => done(source.readyState);
    })""")
    assert state == 2
    page.close()


def test_closing_the_page_ends_the_stream_within_a_second(redis_hub, redis, open_page):
    before = redis_hub.open_streams()
    page = open_page(redis_hub.url, "channels=chat&project_id=leave")
    assert redis_hub.open_streams() == before + 1
    page.value("source.close()")
    redis_hub.wait_for_streams(before, 1.5)


def test_a_burst_arrives_whole_and_in_order(redis_hub, redis, open_page):
    page = open_page(redis_hub.url, "channels=jobs&project_id=burst", "job.progress")
    with redis.client.pipeline(transaction=False) as pipeline:
        for number in range(2_000):
            pipeline.publish("jobs:burst", f'{{"event":"job.progress","data":{number}}}')
        pipeline.execute()
    seen = page.wait_for(2_000, "job.progress", seconds=30)
    assert [int(entry["data"]) for entry in seen] == list(range(2_000))
