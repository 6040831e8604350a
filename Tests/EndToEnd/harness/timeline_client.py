"""A client as the contract wants it: one cursor, a bounded set of seen ids, `/history` after a capped replay.

It does no I/O: bytes go in, and what the application would be given is in `ids`.
"""

import json
from collections import OrderedDict

REMEMBERED = 1_000


class TimelineClient:
    """What is kept over all of its connections."""

    def __init__(self, user, channels):
        self.user, self.channels = user, channels
        self.cursor = 0
        # In the order in which the application was given them.
        self.ids = []
        self.seen = OrderedDict()
        self.every, self.paged = set(), set()
        self.counts = dict.fromkeys(
            (
                "connected",
                "frames",
                "replayed",
                "paged",
                "ephemeral",
                "repeated_in_connection",
                "repeated_after_reconnect",
                "told_lost",
                "told_ephemeral",
                "not_recovered",
                "server_closes",
                "capped",
            ),
            0,
        )
        self.reasons = {}
        # What the hub said is lost for good: from, to (None until the next event shows it).
        self.told = []
        self.wrong = []
        self.begin()

    def begin(self):
        """A new connection; what the old one had not finished is lost."""
        self.rest, self.status, self.greeted = b"", None, False
        self.in_connection = set()
        self.capped_at = None
        self.page_until = None
        self.buffered = []
        self.close = None

    def feed(self, data):
        """Takes what arrived; afterwards, `wants_page` may ask for a page of history behind the cursor."""
        data = self.rest + data
        if self.status is None:
            head, separator, data = data.partition(b"\r\n\r\n")
            if not separator:
                self.rest = head
                return
            self.status = int(head.split(b" ", 2)[1])
        *frames, self.rest = data.split(b"\n\n")
        if self.status != 200:
            return
        for frame in frames:
            if self.page_until is not None:
                self.buffered.append(frame)
            else:
                self.take(frame)

    @property
    def wants_page(self):
        return self.page_until is not None

    def take(self, frame):
        if frame.startswith(b"id: "):
            line, _, rest = frame.partition(b"\n")
            id = int(line[4:])
            if rest.startswith(b"event: message.replay\n"):
                self.counts["replayed"] += 1
            self.counts["frames"] += 1
            if id in self.in_connection:
                self.counts["repeated_in_connection"] += 1
            elif id in self.every and id not in self.paged:
                self.counts["repeated_after_reconnect"] += 1
            self.in_connection.add(id)
            self.dispatch(id)
            return
        if not frame.startswith(b"event: "):
            return
        name = frame[7:].partition(b"\n")[0].decode()
        if name in ("connected", "gap", "replay.end", "server_close"):
            data = json.loads(frame.partition(b"\ndata: ")[2].partition(b"\n")[0])
            getattr(self, "take_" + name.replace(".", "_"))(data)
        else:
            self.counts["ephemeral"] += 1

    def dispatch(self, id):
        if self.told and self.told[-1][1] is None:
            self.told[-1][1] = id
        self.cursor = id
        self.every.add(id)
        if id in self.seen:
            return
        self.seen[id] = None
        if len(self.seen) > REMEMBERED:
            self.seen.popitem(last=False)
        self.ids.append(id)

    def take_connected(self, data):
        self.counts["connected"] += 1
        if self.greeted:
            self.wrong.append("connected twice")
        self.greeted = True
        if data.get("from_seq") != self.cursor:
            self.wrong.append(f"resumed after {data.get('from_seq')}, not {self.cursor}")
        if data.get("recovered") is not True:
            self.counts["not_recovered"] += 1

    def take_replay_end(self, data):
        if data["more"]:
            self.counts["capped"] += 1
            self.capped_at = data["lastReplayedSeq"]

    def take_gap(self, data):
        reason = data["reason"]
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if self.capped_at is not None and "to" in data:
            # The rest of a capped replay is in the history.
            self.page_until, self.capped_at = data["to"], None
        elif "from" in data:
            self.counts["told_lost"] += 1
            self.told.append([data["from"], data.get("to")])
        else:
            self.counts["told_ephemeral"] += 1

    def take_server_close(self, data):
        self.counts["server_closes"] += 1
        self.reasons[data["reason"]] = self.reasons.get(data["reason"], 0) + 1
        self.close = data

    def take_page(self, page):
        """An answer of `/history?after=<cursor>`; what arrived meanwhile follows once the hole is closed."""
        if page.get("recovered") is False or "gap" in page:
            self.counts["told_lost"] += 1
        for event in page["events"]:
            self.counts["paged"] += 1
            self.paged.add(event["id"])
            self.dispatch(event["id"])
        last = page["events"][-1]["id"] if page["events"] else None
        if page["more"] and last is not None and last < self.page_until:
            return
        self.page_until = None
        frames, self.buffered = self.buffered, []
        while frames and self.page_until is None:
            frame = frames.pop(0)
            # What the page had already is no repetition.
            if frame.startswith(b"id: ") and int(frame[4 : frame.index(b"\n")]) in self.seen:
                continue
            self.take(frame)
        self.buffered = frames

    def compare(self, expected):
        """How the sequence that the application saw differs from the log's."""
        given = set(self.ids)
        wanted = set(expected)
        lost = [id for id in expected if id not in given]
        strange = [id for id in self.ids if id not in wanted]
        order = {id: index for index, id in enumerate(expected)}
        places = [order[id] for id in self.ids if id in order]
        disordered = sum(1 for before, after in zip(places, places[1:]) if after < before)
        untold = [id for id in lost if not any(first <= id <= (last or id) for first, last in self.told)]
        return {
            "events": len(self.ids),
            "lost": len(lost),
            "untold": len(untold),
            "duplicates": len(self.ids) - len(given),
            "disordered": disordered,
            "strange": len(strange),
            "first_lost": lost[:3],
            "first_strange": strange[:3],
        }
