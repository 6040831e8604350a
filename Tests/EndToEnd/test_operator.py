"""What an operator sees of all nodes' streams, and may do to them; and that nobody else knows of it."""

import json
import time

import pytest

from harness.requesting import client
from harness.hub import REPOSITORY
from harness.registry import Registry
from harness.resuming import publish_numbers
from harness.waiting import until

TOKEN = "an-operators-token-0"
CREDENTIALS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def nodes(start_nodes):
    one, two, _ = start_nodes(2, "--admin-token", TOKEN)
    return [one, two]


def ask(node, method, path, *, body=None, headers=CREDENTIALS, **query):
    return client.request(method, node.url + path, params=query or None, json=body, headers=headers)


def connections(node, path="/connections", **query):
    answer = ask(node, "GET", path, **query)
    assert answer.status_code == 200, answer.text
    listing = answer.json()
    assert listing["count"] == len(listing["connections"]) and listing["silent_nodes"] == []
    return listing


def ids(listing):
    return [connection["connection_id"] for connection in listing["connections"]]


def test_without_a_credential_there_is_nothing_and_with_another_one_there_is_no_answer(start_hub):
    hub, guarded = start_hub(), start_hub("--admin-token", TOKEN)
    stream = guarded.stream(user_id="u")
    id = stream.greeting.json["connection_id"]
    requests = [
        ("GET", "/connections", None),
        ("GET", "/debug/connections/u/default", None),
        ("DELETE", f"/connections/{id}", None),
        ("POST", "/revoke", {"user_id": "u"}),
        ("GET", "/explain?user_id=u&project_id=default&id=1", None),
    ]
    for method, path, body in requests:
        for headers in (None, CREDENTIALS):
            answer = client.request(method, hub.url + path, json=body, headers=headers)
            assert answer.status_code == 404 and answer.json()["error"] == "not_found", (method, path)
        for headers in (None, {"Authorization": "Bearer " + TOKEN[:-1] + "1"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = client.request(method, guarded.url + path, json=body, headers=headers)
            assert answer.status_code in (401, 403), (method, path)
            assert TOKEN not in answer.text
    stream.silence(0.3)
    stream.close()


def test_connections_lists_the_streams_of_all_nodes(nodes, crowd):
    began = time.time()
    opening = [("u", f"p{number}", f"tab-{number}") for number in range(6)]
    opening += [("v", "p0", "one"), ("v", "p0", "two")]
    streams = []
    for number, (user, project, instance) in enumerate(opening):
        query = {"project_id": project, "user_id": user, "client_instance_id": instance}
        headers = {"User-Agent": f"browser/{number}"}
        streams.append(crowd.one(nodes[number % 2], channels="chat,jobs", headers=headers, **query))
        # Each has a millisecond of its own.
        time.sleep(0.003)
    nobody = crowd.one(nodes[1], channels="chat", project_id="p0")
    everything = [stream.id for stream in [*streams, nobody]]
    for node in nodes:
        listing = connections(node)
        assert ids(listing) == everything, "the oldest first"
        assert listing["more"] is False
        assert ids(connections(node, user_id="u")) == everything[:6]
        assert ids(connections(node, project_id="p0")) == [everything[0], *everything[6:]]
        assert ids(connections(node, user_id="v", project_id="p0")) == everything[6:8]
        assert ids(connections(node, user_id="w")) == []
        part = connections(node, limit=4)
        assert ids(part) == everything[:4] and part["more"] is True
        assert connections(node, limit=9)["more"] is False
        for stream, connection in zip([*streams, nobody], listing["connections"], strict=True):
            assert connection["node"] == stream.greeting["node"]
            assert connection["user_id"] == stream.greeting["user_id"]
            assert connection["project_id"] == stream.greeting["project_id"]
            assert connection["channels"] == stream.greeting["channels"]
            assert connection["state"] == "live" and connection["address"] == "127.0.0.1"
            connected = time.mktime(time.strptime(connection["connected_at"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
            assert began - 2 <= connected <= time.time() + 1
        assert listing["connections"][3]["client_instance_id"] == "tab-3"
        assert listing["connections"][3]["user_agent"] == "browser/3"
        debug = connections(node, "/debug/connections/u/p1")
        assert ids(debug) == [everything[1]] and debug["count"] == 1
        assert connections(node, "/debug/connections/u/nothing")["count"] == 0
    for value in ("0", "-1", "x", "10001"):
        assert ask(nodes[0], "GET", "/connections", limit=value).status_code == 400
    assert ask(nodes[0], "GET", "/debug/connections/u/a%20b").status_code == 400


def test_a_user_with_signs_in_its_name_is_found_by_its_path(nodes, crowd):
    stream = crowd.one(nodes[0], channels="chat", user_id="auth0|5f/a+b@c.de")
    listing = connections(nodes[1], "/debug/connections/auth0%7C5f%2Fa+b%40c.de/default")
    assert ids(listing) == [stream.id]
    assert listing["connections"][0]["user_id"] == "auth0|5f/a+b@c.de"


def test_delete_closes_a_stream_wherever_it_is(nodes, crowd):
    for number, asked in enumerate((0, 1)):
        stream = crowd.one(nodes[0], channels="chat", user_id="u", client_instance_id=str(number))
        answer = ask(nodes[asked], "DELETE", f"/connections/{stream.id}")
        assert answer.status_code == 204 and not answer.content
        closing = stream.wait_for("server_close").json
        assert closing["reason"] == "revoked" and closing["reconnect"] is False and closing["retry_ms"] == 60_000
        until(lambda stream=stream: stream.has_ended, 5)
        until(lambda: connections(nodes[1])["count"] == 0, 5)
        for node in nodes:
            assert ask(node, "DELETE", f"/connections/{stream.id}").status_code == 404
    assert ask(nodes[0], "DELETE", "/connections/nothing").status_code == 404
    assert sum(node.stats()["streams"]["closed_total"].get("revoked", 0) for node in nodes) == 2


def test_revoke_closes_a_users_streams_on_every_node_and_nobody_elses(start_nodes, crowd):
    one, two, redis = start_nodes(2, "--admin-token", TOKEN)
    registry = Registry(redis)
    here = crowd.open([one, two], 4, channels="chat", project_id="p", user_id="u", client_instance_id="{i}")
    there = crowd.open([one, two], 2, channels="chat", project_id="q", user_id="u", client_instance_id="{i}")
    others = crowd.open([one, two], 2, channels="chat", project_id="p", user_id="v", client_instance_id="{i}")
    answer = ask(one, "POST", "/revoke", body={"user_id": "u", "project_id": "p"})
    assert answer.status_code == 200 and answer.json() == {"closed": 4, "silent_nodes": []}
    for stream in here:
        closing = stream.wait_for("server_close").json
        assert closing["reason"] == "revoked" and closing["reconnect"] is False
    until(lambda: all(stream.has_ended for stream in here), 5)
    until(lambda: registry.streams("u", "p") == [], 5)
    assert not any(stream.has_ended for stream in there + others)
    # In all projects, from the other node.
    again = crowd.one(one, channels="chat", project_id="p", user_id="u")
    answer = ask(two, "POST", "/revoke", body={"user_id": "u"})
    assert answer.json() == {"closed": 3, "silent_nodes": []}
    for stream in (*there, again):
        assert stream.wait_for("server_close").json["reason"] == "revoked"
    assert ask(one, "POST", "/revoke", body={"user_id": "u"}).json()["closed"] == 0
    assert not any(stream.has_ended for stream in others)
    assert len(registry.streams("v", "p")) == 2
    for body in ({}, {"user_id": 7}, {"user_id": ""}, {"user_id": "u", "project_id": "a b"}, []):
        assert ask(one, "POST", "/revoke", body=body).status_code == 400, body


def test_a_node_that_hangs_is_named_and_the_others_answer(start_nodes, crowd):
    one, two, _ = start_nodes(2, "--admin-token", TOKEN)
    stream = crowd.one(one, channels="chat", user_id="u")
    crowd.one(two, channels="chat", user_id="u")
    name = two.stats()["node"]
    two.signal(19)
    try:
        began = time.monotonic()
        listing = ask(one, "GET", "/connections", user_id="u").json()
        assert time.monotonic() - began < 8
        assert ids(listing) == [stream.id] and listing["silent_nodes"] == [name]
        assert ask(one, "POST", "/revoke", body={"user_id": "nobody"}).json()["silent_nodes"] == [name]
    finally:
        two.signal(18)
    until(lambda: connections(one, user_id="u")["count"] == 2, 10)


class Asking:
    """`GET /explain` of one project, from either node."""

    def __init__(self, nodes, project):
        self.nodes, self.project = nodes, project

    def ask(self, id, user="u"):
        """The answer of both nodes, which is the same."""
        first, second = (
            ask(node, "GET", "/explain", user_id=user, project_id=self.project, id=id) for node in self.nodes
        )
        assert first.status_code == second.status_code == 200, (first.text, second.text)
        first, second = first.json(), second.json()
        assert (first["logged"], first["summary"]) == (second["logged"], second["summary"])
        assert (first["user_id"], first["project_id"], first["id"]) == (user, self.project, int(id))
        assert first["silent_nodes"] == [] and len(first["nodes"]) == 2 and first["summary"]
        return first

    def outcome(self, id, stream, user="u"):
        """What became of the event for this stream: found on exactly one node."""
        nodes = self.ask(id, user)["nodes"]
        (found,) = [s["outcome"] for node in nodes for s in node["streams"] if s["connection_id"] == stream.id]
        return found


def test_explain_says_what_became_of_an_event(nodes, crowd):
    project = "why"
    asking = Asking(nodes, project)
    query = {"project_id": project, "user_id": "u"}
    early = crowd.one(nodes[0], channels="chat,jobs", client_instance_id="early", **query)
    before = nodes[0].publish("chat", "message.new", "before", project=project)["id"]
    early.wait_for("message.new")
    late = crowd.one(nodes[1], channels="chat", client_instance_id="late", **query)
    only_jobs = crowd.one(nodes[1], channels="jobs", client_instance_id="jobs", **query)
    event = nodes[1].publish("chat", "message.new", "all", project=project)["id"]
    job = nodes[1].publish("jobs", "job.started", {"job_id": "j"}, project=project)["id"]
    private = nodes[0].publish("chat", "message.new", "mine", project=project, to={"user": "v"})["id"]
    for stream, count in ((early, 2), (late, 1)):
        assert stream.wait_for("message.new", count).id == str(event)
    for stream in (early, only_jobs):
        stream.wait_for("job.started")

    assert asking.outcome(before, early) == "delivered"
    assert asking.outcome(before, late) == "before_it_began"
    assert asking.outcome(before, only_jobs) == "not_for_it"
    for stream in (early, late):
        assert asking.outcome(event, stream) == "delivered"
    assert asking.outcome(job, late) == "not_for_it" and asking.outcome(job, only_jobs) == "delivered"
    answer = asking.ask(event)
    assert answer["logged"]["state"] == "found" and answer["logged"]["channel"] == "chat"
    assert answer["logged"]["event"] == "message.new" and answer["logged"].get("to") is None
    for node in answer["nodes"]:
        assert node["listens"] is True and node["received"] is True and node["closed"] == []
        assert {s["matches"] for s in node["streams"]} <= {True, False}

    # For another user.
    answer = asking.ask(private)
    assert answer["logged"]["to"] == "v" and "another user" in answer["summary"]
    assert {s["outcome"] for node in answer["nodes"] for s in node["streams"]} == {"not_for_it"}
    # Nobody there.
    answer = asking.ask(event, user="absent")
    assert answer["logged"]["state"] == "found" and all(node["streams"] == [] for node in answer["nodes"])
    # Never published: nowhere in the log, or of another project.
    assert asking.ask(event + 1_000_000_000)["logged"]["state"] == "unknown"
    elsewhere = nodes[0].publish("chat", "message.new", 1, project="elsewhere")["id"]
    assert asking.ask(elsewhere)["logged"]["state"] == "unknown"

    # What was closed, and why.
    crowd.close(late)
    until(lambda: sum(len(node["closed"]) for node in asking.ask(event)["nodes"]) == 1, 5)
    assert ask(nodes[0], "DELETE", f"/connections/{only_jobs.id}").status_code == 204
    until(lambda: sum(len(node["closed"]) for node in asking.ask(event)["nodes"]) == 2, 5)
    after = nodes[0].publish("chat", "message.new", "later", project=project)["id"]
    answer = asking.ask(after)
    closed = {entry["connection_id"]: entry for node in answer["nodes"] for entry in node["closed"]}
    assert closed[late.id]["reason"] == "client" and closed[only_jobs.id]["reason"] == "revoked"
    assert closed[late.id]["channels"] == ["chat"] and closed[late.id]["closed_at"].endswith("Z")
    assert [s["connection_id"] for node in answer["nodes"] for s in node["streams"]] == [early.id]

    for query in ({"id": 1}, {"user_id": "u"}, {"user_id": "u", "id": "x"}, {"user_id": "u", "id": "-1"}):
        assert ask(nodes[0], "GET", "/explain", **query).status_code == 400, query


def test_explain_finds_what_came_late(start_nodes, crowd):
    one, two, redis = start_nodes(2, "--admin-token", TOKEN)
    asking = Asking([one, two], "ids")
    stream = crowd.one(one, channels="chat", project_id="ids", user_id="u")
    # A publisher's own ids, one of them late.
    for id in (10, 30, 20, 40):
        redis.publish("chat:ids", {"event": "message.new", "id": str(id), "data": id})
        assert stream.wait_for("message.new", [10, 30, 20, 40].index(id) + 1).id == str(id)
    until(lambda: asking.ask(40)["logged"]["state"] == "found", 5)
    for id in (10, 20, 30, 40):
        assert asking.outcome(id, stream) == "delivered"
    assert asking.ask(25)["logged"]["state"] == "unknown"
    assert asking.ask(41)["logged"]["state"] == "unknown"


def test_explain_knows_what_is_no_longer_kept(start_nodes, tmp_path):
    catalog = json.loads((REPOSITORY / "Protocols/catalog.json").read_text())
    for channel in catalog["channels"]:
        channel["retention"] = {"count": 20}
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(catalog))
    one, two, _ = start_nodes(2, "--admin-token", TOKEN, "--catalog", path)
    ids = publish_numbers(one, "short", range(100))
    asking = Asking([one, two], "short")
    answer = asking.ask(ids[0])
    assert answer["logged"]["state"] == "trimmed" and "no longer kept" in answer["summary"]
    assert asking.ask(ids[-1])["logged"]["state"] == "found"
    assert asking.ask(ids[-1] + 1_000_000_000)["logged"]["state"] == "unknown"
