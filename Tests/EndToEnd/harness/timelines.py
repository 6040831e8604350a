"""Clients of the timeline that reconnect until told to stop, and what they must have seen."""

import json

import httpx

from .waiting import until
from .worker import Worker


class Timelines(Worker):
    """Contract clients in a process of their own."""

    def __init__(self, **options):
        super().__init__("timelines_worker", **options)

    def open(self, addresses, project, clients, *, seed=0, seconds=30.0):
        """Opens clients, dicts of `user`, `channels` and perhaps `receive_buffer`; waits until each was greeted.

        A client that loses its stream goes to one of the addresses, whichever.
        """
        self.ask("open", addresses=[list(a) for a in addresses], project=project, clients=clients, seed=seed)
        until(lambda: self.totals()["greeted"] == len(clients), seconds, every=0.1, what="all clients are connected")

    def totals(self):
        return self.ask("totals")

    def cut(self, share, seed=0):
        """Clients that close their connections, wherever they are in it."""
        return self.ask("cut", share=share, seed=seed)

    def stall(self, share, lasting, seed=0):
        """Clients that read nothing for a while."""
        self.ask("stall", share=share, lasting=lasting, seed=seed)

    def wait_for(self, expected, directory, seconds=60.0):
        """Waits until each client has got to the end of what it should see; returns how they differ from it.

        `expected`: for each client a list of ids, in the log's order.
        """
        path = directory / "expected.json"
        path.write_text(json.dumps(expected))
        last = [ids[-1] if ids else 0 for ids in expected]

        def arrived():
            cursors = self.ask("cursors")
            return all(cursor == end for cursor, end in zip(cursors, last, strict=True))

        try:
            until(arrived, seconds, every=0.5, what="all clients are at the end of the log")
        except AssertionError:
            # The comparison says more about what is missing.
            pass
        return self.ask("compare", path=str(path))


def history(hub_url, project, *, after=0, limit=1_000, client=None, **query):
    """All of the log behind a cursor, page by page."""
    events = []
    while True:
        parameters = {"project_id": project, "after": after, "limit": limit} | query
        answer = (client or httpx).get(hub_url + "/history", params=parameters, timeout=30)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["events"]) <= limit
        events += page["events"]
        if not page["more"]:
            return events
        assert page["events"], "more is promised, but the page is empty"
        after = page["events"][-1]["id"]
