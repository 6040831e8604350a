"""What a page does with the client: components come and go, modules are replaced, messages are shown before they are confirmed."""

from pathlib import Path

import pytest

from browsing.site import REACT
from harness.waiting import until


def opened(hub):
    return hub.stats()["streams"]["opened_total"]


def test_fifty_mounts_in_a_second_make_one_connection(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="mounts")
    tab = tabs.open()
    tab("hub.dispose()")
    assert tab.status == {"state": "closed", "reason": "disposed"}
    tab("""async options => {
        for (let i = 0; i < 50; i++) {
            const hub = client.connect(options)
            await new Promise(done => setTimeout(done, 10))
            hub.dispose()
            hub.dispose()
            await new Promise(done => setTimeout(done, 10))
        }
    }""", tabs.options)
    assert opened(hub) == 1
    # The last one's leaving ends it.
    hub.wait_for_streams(0, 3)


def test_replaced_modules_leave_one_connection(hub, chromium, open_tabs, site):
    text = site.find("/client/tributary.js").decode()
    # As a dev server does it: each module has `import.meta.hot`, and is told when the next one comes.
    site.extra["/hot.js"] = "import.meta.hot = { dispose: action => (globalThis.replaced = action) }\n" + text
    tabs = open_tabs(chromium, hub, project="modules")
    tab = tabs.open()
    tab("hub.dispose()")
    tab("""async options => {
        for (let i = 0; i < 50; i++) {
            globalThis.replaced?.()
            const module = await import('/hot.js?t=' + i)
            globalThis.hot = module.connect(options)
        }
        globalThis.hot.on('message.new', data => (globalThis.got = data.n))
    }""", tabs.options)
    until(lambda: tab("hot.status.state") == "connected", 10)
    until(lambda: hub.stats()["streams"]["open"] == 1, 5)
    hub.publish("chat", "message.new", {"n": 5}, project="modules")
    until(lambda: tab("globalThis.got") == 5, 5)
    # Those before stay away when the page comes back.
    tab("dispatchEvent(new PageTransitionEvent('pageshow'))")
    tab("hot.reconnect()")
    until(lambda: hub.stats()["streams"]["opened_total"] > 1 and tab("hot.status.state") == "connected", 5)
    until(lambda: tab("hot.tab.tabs.length") == 1, 5)
    assert hub.stats()["streams"]["open"] == 1


def test_channels_are_what_all_tabs_want_and_change_on_the_live_stream(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="channels", channels=["chat"])
    leader, follower = tabs.open(), tabs.open()


    follower("hub.subscribe('jobs')")
    frames = "hubRecord.channels = [], hub.on('subscribed', data => hubRecord.channels.push(data.channels)), 0"
    leader(frames)
    follower("hub.subscribe('presence')")
    until(lambda: any("presence" in list for list in leader("hubRecord.channels")), 5)
    hub.publish("jobs", "job.progress", {"id": 1, "progress": 5, "n": 7}, project="channels")
    follower.wait_for_number(7, name="job.progress")
    follower("hub.unsubscribe('jobs')")
    until(lambda: leader("hubRecord.channels.at(-1).sort().join()") == "chat,presence", 5)
    tabs.gone(follower)
    follower.close()
    until(lambda: leader("hubRecord.channels.at(-1).join()") == "chat", 5)
    assert opened(hub) == 1


@pytest.mark.parametrize("channels", ["chat,jobs", ["chat", "jobs"]])
def test_channels_are_a_list_or_a_text(hub, chromium, open_tabs, channels):
    tab = open_tabs(chromium, hub, project="list", channels=channels).open()
    assert tab.info["tabs"] == [[tab.info["id"], ["chat", "jobs"]]]
    hub.publish("presence", "presence.changed", {"n": 0, "userId": "x", "status": "away"}, project="list")
    tab("hub.unsubscribe('jobs')")
    until(lambda: hub.stats(project_id="list")["channels"]["jobs"]["streams"] == 0)
    hub.publish("jobs", "job.progress", {"n": 1, "id": 1}, project="list")
    hub.publish("chat", "message.new", {"n": 2}, project="list")
    tab.wait_for_number(2)
    assert tab.numbers("presence.changed") == tab.numbers("job.progress") == []


def test_what_a_status_brings_about_may_fail_too(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="watchers")
    tab, other = tabs.open(), tabs.open()
    for each in tabs.all:
        each("""() => {
            hub.onStatus(() => { throw new Error('mine') })
            window.told = []
            hub.onStatus(status => told.push(status.state))
            hub.outbox.onChange(() => { throw new Error('mine') })
            hub.outbox.add('m1', {})
        }""")
    other("hub.reconnect()")
    for each in tabs.all:
        until(lambda: each("told.at(-1)") == "connected")
    hub.publish("chat", "message.new", {"n": 1, "client_msg_id": "m1"}, project="watchers")
    for each in tabs.all:
        each.wait_for_number(1)
        assert each("hub.outbox.entries") == []
        assert any("mine" in error for error in each("errors"))


def test_handlers_that_throw_do_not_stop_others(hub, chromium, open_tabs):
    tab = open_tabs(chromium, hub, project="throw").open()
    tab("""() => {
        window.got = []
        hub.on('message.new', () => { throw new Error('mine') })
        hub.on('message.new', data => got.push(data.n))
        const off = hub.on('message.new', () => got.push('off'))
        off()
        const abort = new AbortController()
        hub.on('message.new', () => got.push('aborted'), {signal: abort.signal})
        abort.abort()
        window.list = []
        ;(async () => { for await (const event of hub.events('message.new')) { list.push(event.data.n); if (list.length == 2) break } list.push('end') })()
    }""")
    for number in (1, 2, 3):
        hub.publish("chat", "message.new", {"n": number}, project="throw")
    until(lambda: tab("got").count(3), 5)
    assert tab("got") == [1, 2, 3]
    until(lambda: tab("list") == [1, 2, "end"], 5)
    assert any("mine" in error for error in tab("errors"))


@pytest.mark.parametrize("order", ["echo first", "answer first", "failed, but it was sent", "failed"])
def test_an_optimistic_message_appears_once(hub, chromium, open_tabs, order):
    tab = open_tabs(chromium, hub, project="outbox").open()
    tab("""() => {
        window.messages = []
        window.most = 0
        hub.on('message.new', data => { messages.push(data.client_msg_id); look() })
        window.look = () => { most = Math.max(most, shown()) }
        window.shown = () => messages.filter(id => id === 'm1').length + hub.outbox.entries.filter(e => e.clientMsgId === 'm1').length
        hub.outbox.onChange(look)
        hub.outbox.add('m1', {text: 'hi'})
    }""")
    echo = lambda: hub.publish("chat", "message.new", {"client_msg_id": "m1"}, project="outbox")
    assert tab("shown()") == 1 and tab("hub.outbox.entries[0].state") == "pending"
    if order == "echo first":
        echo()
        until(lambda: tab("messages.length") == 1, 5)
        tab("hub.outbox.settle('m1', {id: 1})")
    elif order == "answer first":
        tab("hub.outbox.settle('m1', {id: 1})")
        assert tab("shown()") == 1 and tab("hub.outbox.entries[0].state") == "sent"
        echo()
    else:
        tab("hub.outbox.fail('m1', 'timeout')")
        assert tab("shown()") == 1 and tab("hub.outbox.entries[0].state") == "failed"
        if order == "failed":
            tab("hub.outbox.remove('m1')")
            assert tab("shown()") == 0
            return
        echo()
    until(lambda: tab("messages.length") == 1, 5)
    assert tab("shown()") == 1 and tab("hub.outbox.entries.length") == 0
    assert tab("most") == 1


def test_typing_and_presence_are_told(hub, chromium, open_tabs):
    tabs = open_tabs(chromium, hub, project="typing")
    tab = tabs.open()
    watcher = tabs.open(user="bob")
    tab("hub.send.typing('start') && 0")
    until(lambda: watcher("hubRecord.events.some(e => e.name === 'typing.start' && e.data.userId === 'ada')"), 5)
    tab("hub.presence.set('away') && 0")
    until(lambda: watcher("hubRecord.events.some(e => e.name === 'presence.changed' && e.data.status === 'away')"), 5)


def test_aliases_reach_the_same_handlers(hub, chromium, open_tabs):
    tab = open_tabs(chromium, hub, project="aliases").open()
    hub.publish("jobs", "job_started", {"n": 1}, project="aliases")
    tab.wait_for_number(1, name="job.started")
    assert tab("hubRecord.events.find(e => e.name === 'job.started').type") == "job_started"


def test_the_eventsource_transport_does_the_same(hub, browser, open_tabs):
    tabs = open_tabs(browser, hub, project="source", transport="eventsource")
    first, second = tabs.open(), tabs.open()
    hub.publish("chat", "message.new", {"n": 1}, project="source")
    hub.publish("chat", "typing.start", {"n": 5, "userId": "x"}, project="source")
    hub.publish("chat", "message.new", {"n": 2}, project="source")
    for tab in (first, second):
        tab.wait_for_number(2)
        assert tab.numbers() == [1, 2]
        assert tab.numbers("typing.start") == [5]
    leader = tabs.leader
    tabs.gone(leader)
    leader.close()
    hub.publish("chat", "message.new", {"n": 3}, project="source")
    rest = tabs.all[0]
    rest.wait_for_number(3)
    assert rest.numbers() == [1, 2, 3]


REACT_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>React</title><link rel="icon" href="data:,"><div id="root"></div>
<script src="/react/react/umd/react.development.js"></script><script src="/react/react-dom/umd/react-dom.development.js"></script>
<script type="importmap">{"imports": {"react": "/react.js"}}</script>
<script type="module" src="/react-page.js"></script></html>"""

REACT_MODULE = """const { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } = globalThis.React
export { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore }"""

REACT_SCRIPT = """import { useTributary, useEvent, useStatus } from '/client/tributary-react.js'
const { createElement: h, StrictMode, useState } = React
const options = JSON.parse(new URLSearchParams(location.search).get('options'))
window.seen = []
const Chat = ({ prefix }) => {
    const hub = useTributary(options)
    const status = useStatus(hub)
    const [count, setCount] = useState(0)
    window.hub = hub
    useEvent(hub, 'message.new', data => { seen.push(prefix + data.n); setCount(count + 1) })
    return h('p', { id: 'chat' }, status.state + ' ' + count)
}
const App = () => {
    const [shown, setShown] = useState({ prefix: 'a', on: true })
    window.show = setShown
    return shown.on ? h(Chat, { prefix: shown.prefix }) : null
}
ReactDOM.createRoot(document.getElementById('root')).render(h(StrictMode, null, h(App)))
window.isReady = true
"""


def test_react_components_share_one_connection(hub, chromium, open_tabs, site):
    assert (Path(REACT) / "react/umd/react.development.js").exists(), "Tests/run installs node-react"
    site.extra |= {"/react-page.html": REACT_PAGE, "/react.js": REACT_MODULE, "/react-page.js": REACT_SCRIPT}
    tabs = open_tabs(chromium, hub, project="react")
    tab = tabs.open(page="react-page.html", wait=False)
    text = lambda: tab("document.getElementById('chat')?.textContent")
    until(lambda: text() == "connected 0", 10)
    hub.publish("chat", "message.new", {"n": 1}, project="react")
    until(lambda: text() == "connected 1", 5)
    tab("show({ prefix: 'b', on: true })")
    hub.publish("chat", "message.new", {"n": 2}, project="react")
    until(lambda: text() == "connected 2", 5)
    assert tab("seen") == ["a1", "b2"], "the newest render's handler, once"
    tab("""async () => {
        for (let i = 0; i < 50; i++) {
            show({ prefix: 'c', on: i % 2 == 1 })
            await new Promise(done => setTimeout(done, 15))
        }
    }""")
    until(lambda: text() == "connected 0", 5)
    hub.publish("chat", "message.new", {"n": 3}, project="react")
    until(lambda: tab("seen") == ["a1", "b2", "c3"], 5)
    assert opened(hub) == 1
    tab("show({ prefix: 'd', on: false })")
    hub.wait_for_streams(0, 5)
    assert tab.complaints == []


def test_the_hub_may_restart_and_drain(start_hub, redis, chromium, open_tabs):
    hub = start_hub("--drain-seconds", 1, redis=redis).wait_until_ready(publishes=True)
    tabs = open_tabs(chromium, hub, project="again")
    first, second = tabs.open(), tabs.open()
    hub.publish("chat", "message.new", {"n": 1}, project="again")
    second.wait_for_number(1)
    port = hub.port
    hub.stop()
    redis.client.fcall("tributary_publish", 1, "{again}", "chat", "message.new", '{"n":2}')
    hub = start_hub("--drain-seconds", 1, redis=redis, port=port).wait_until_ready(publishes=True)
    for tab in (first, second):
        tab.wait_for_number(2, 30)
        assert tab.numbers() == [1, 2]
    hub.kill()
    redis.client.fcall("tributary_publish", 1, "{again}", "chat", "message.new", '{"n":3}')
    start_hub(redis=redis, port=port).wait_until_ready(publishes=True)
    for tab in (first, second):
        tab.wait_for_number(3, 30)
        assert tab.numbers() == [1, 2, 3]
