"""The client's own parser, against the fixtures that every decoder of event streams here reads."""

import base64
import json

import pytest

from harness.hub import REPOSITORY

CASES = json.loads((REPOSITORY / "Protocols/fixtures/event-stream.json").read_text("utf-8"))["cases"]
# Where the client's parser differs, with what it says instead, and why. The hub's ids are whole numbers, and nothing else can be a cursor.
DIFFERS = {
    # The last id of a frame is the frame's; one that is no number is none.
    "an id with NUL leaves the one before it in the frame": [["message", "a", None]],
    # As JavaScript reads numbers: with space around them.
    "ids are text": [["message", "a", None], ["message", "b", 9]],
    # A return at the end may be half of a CRLF: what it ends waits for the next byte. The hub ends lines with LF.
    "CR ends lines": [["x", "a", None]],
    "a CR at a chunk's end without an LF": [],
    "an event that ends with its second CR": [],
}
# After every byte, but for the fixtures that are about size.
LONG = 20_000


def read(parts):
    """The bytes that a fixture's parts stand for."""
    if isinstance(parts, str):
        return parts.encode()
    if isinstance(parts, list):
        return b"".join(map(read, parts))
    return base64.b64decode(parts["base64"]) if "base64" in parts else parts["repeat"].encode() * parts["times"]


def expected(event):
    """As the client has it: an id is a number, or none. The hub's are numbers, and a cursor can be nothing else."""
    digits = event.get("id", "")
    number = int(digits) if digits.isascii() and digits.isdecimal() else None
    return [event["event"], read(event["data"]).decode(), number or None]


PARSED = """async ([encoded, sizes]) => {
    const { parser } = await import('/source/parser.js')
    const bytes = Uint8Array.from(atob(encoded), c => c.charCodeAt(0))
    return sizes.map(size => {
        const parse = parser(), frames = []
        for (let at = 0; at < bytes.length; at += size) frames.push(...parse(bytes.subarray(at, at + size)))
        return frames.map(({ e, d, i }) => [e, d, i || null])
    })
}"""


@pytest.fixture(scope="module")
def page(start_browser, site):
    page = start_browser("chromium").new_page()
    page.goto(f"{site.origin}/other.html")
    yield page
    page.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_fixtures_are_read_alike_however_they_are_cut(page, case):
    stream = read(case["chunks"])
    whole, cut = page.evaluate(PARSED, [base64.b64encode(stream).decode(), [max(len(stream), 1), 1 if len(stream) < LONG else 997]])
    assert whole == cut
    events = [expected(event) for event in case["events"]]
    assert whole == DIFFERS.get(case["name"], events)
    assert case["name"] not in DIFFERS or whole != events, "it does not differ"
