"""README.md's examples for the browser and for Python, really run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.hub import REPOSITORY
from harness.waiting import until

EXAMPLES = Path(__file__).resolve().parent / "examples"


@pytest.mark.parametrize("name", ["plain.js", "react.jsx", "export.py"])
def test_the_readme_shows_what_is_run_here(name):
    readme = (REPOSITORY / "README.md").read_text()
    if "client/tributary.js" not in readme:
        pytest.skip("the README does not show the browser client yet")
    assert f"```{name.rsplit('.', 1)[1].replace('py', 'python')}\n{(EXAMPLES / name).read_text()}```\n" in readme


def test_plain_javascript(hub, site, chromium, redis):
    site.extra["/plain.js"] = (EXAMPLES / "plain.js").read_text().replace("http://localhost:8080", hub.url)
    site.extra["/plain.html"] = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="plain.js"></script>'
    page = chromium.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(site.origin + "/plain.html")
    until(lambda: page.wait_for_timeout(20) or "connected" in said)
    data = {"userId": "grace", "content": {"text": "hello"}}
    hub.publish("chat", "message.new", data, project="p1")
    hub.publish("jobs", "job.progress", {"id": 1, "task_type": "export", "progress": 50}, project="p1")
    until(lambda: page.wait_for_timeout(20) or "export 50 %" in said, what=said)
    assert any(line.strip() == "grace hello" for line in said)
    page.close()


def test_a_python_service_with_redis_py(hub, redis):
    stream = hub.stream("jobs", project_id="p1", user_id="reader")
    code = (EXAMPLES / "export.py").read_text().replace("redis.Redis()", f"redis.Redis(port={redis.port})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    events = [stream.event() for _ in range(5)]
    assert [event.event for event in events] == ["job.started", *["job.progress"] * 3, "job.completed"]
    assert [event.json.get("progress") for event in events][1:4] == [33, 66, 100]
    assert events[0].id and events[-1].id and not events[1].id
    stream.close()


# What a compiler makes of the JSX; there is none here.
ELEMENTS = [
    (r"<p>\{status\.state\}</p>", "h('p', {}, status.state),"),
    (r"<ul>\{messages\.map\(message => <li key=\{(.*?)\}>\{(.*?)\}</li>\)\}</ul>", r"h('ul', {}, messages.map(message => h('li', { key: \1 }, \2))),"),
    (r"<>", "h(Fragment, {},"),
    (r"</>", ")"),
]


def test_react(hub, site, chromium):
    code = (EXAMPLES / "react.jsx").read_text().replace("http://localhost:8080", hub.url)
    for pattern, written in ELEMENTS:
        code, count = re.subn(pattern, written, code)
        assert count == 1, pattern
    code = code.replace("import { useState }", "import { createElement as h, Fragment, useState }")
    code = code.replace("./tributary-react.js", "/client/tributary-react.js")
    site.extra["/example.js"] = code
    names = "createElement Fragment useState useEffect useLayoutEffect useRef useSyncExternalStore useMemo useCallback"
    site.extra["/react.mjs"] = f"export const {{ {', '.join(names.split())} }} = window.React"
    site.extra["/react.html"] = (
        '<!doctype html><link rel="icon" href="data:,"><div id="root"></div>'
        '<script type="importmap">{"imports": {"react": "/react.mjs"}}</script>'
        '<script src="/react/react/umd/react.development.js"></script>'
        '<script src="/react/react-dom/umd/react-dom.development.js"></script>'
        '<script type="module">import { Messages } from "/example.js";'
        'ReactDOM.createRoot(document.getElementById("root")).render(React.createElement(React.StrictMode, {},'
        ' React.createElement(Messages, { project: "p1", user: "ada" })));</script>'
    )
    page = chromium.new_page()
    page.goto(site.origin + "/react.html")
    page.locator("p", has_text="connected").wait_for()
    hub.publish("chat", "message.new", {"messageId": "m1", "content": {"text": "hello from React"}}, project="p1")
    page.locator("li", has_text="hello from React").wait_for()
    assert page.locator("li").count() == 1
    page.close()
