"""Who is there, on any node: each change is told once, everywhere, and what is over in a moment is not told."""

import signal
import time

import pytest

from harness.requesting import client
from harness.waiting import holds, until

GRACE = 10


def present(hub, project):
    """What `GET /presence` says: the status of each user."""
    answer = hub.get("/presence", project_id=project)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["project_id"] == project and body["count"] == len(body["users"])
    assert all(user["user_type"] == "client" for user in body["users"])
    return {user["userId"]: user["status"] for user in body["users"]}


def changes(watcher, user=None):
    """What a stream was told of a user, or of everybody."""
    told = [frame.json for frame in watcher.all("presence.changed")]
    assert all(change["user_type"] == "client" for change in told)
    if user is not None:
        return [change["status"] for change in told if change["userId"] == user]
    return [(change["userId"], change["status"]) for change in told]


def snapshots(member):
    return [{user["userId"]: user["status"] for user in f.json["users"]} for f in member.all("presence.snapshot")]


class Room:
    """A project with somebody on each node who sees all that is told, and is nobody in particular."""

    def __init__(self, nodes, crowd, project, channels="presence"):
        self.nodes, self.crowd, self.project = nodes, crowd, project
        self.watchers = [crowd.one(node, channels=channels, project_id=project) for node in nodes]
        for watcher in self.watchers:
            watcher.wait_for("presence.snapshot")
            assert snapshots(watcher) == [{}], "a watcher without a name is not there"

    def open(self, node, user, **query):
        return self.crowd.one(self.nodes[node], channels="chat", project_id=self.project, user_id=user, **query)

    def told(self, user):
        """What both nodes' streams were told; only if they agree."""
        first, *others = [changes(watcher, user) for watcher in self.watchers]
        return first if all(other == first for other in others) else None

    def wait_for(self, user, *statuses, seconds=5.0):
        until(lambda: self.told(user) == list(statuses), seconds, what=f"{user} is {statuses}; {self.told(user)}")

    def post(self, node, path, body, **query):
        url = self.nodes[node].url + path
        return client.post(url, json=body, params={"project_id": self.project, **query})


@pytest.fixture
def room(start_nodes, crowd):
    one, two, _ = start_nodes()
    return Room([one, two], crowd, "room")


@pytest.mark.slow
def test_only_a_users_first_and_last_stream_count_and_a_reload_is_silent(room, crowd):
    tabs = [room.open(0, "tabs"), room.open(1, "tabs"), room.open(0, "tabs")]
    reloading = room.open(0, "reload")
    # A client says what it likes of itself.
    staying = room.open(1, "stays", user_type="admin", status="away")
    for user in ("tabs", "reload", "stays"):
        room.wait_for(user, "online")
    for node in room.nodes:
        assert present(node, "room") == {"tabs": "online", "reload": "online", "stays": "online"}
        assert present(node, "elsewhere") == {}
    closed = time.time()
    crowd.close(reloading, tabs[0], tabs[1])
    # It comes back on the other node; and goes, and comes back on the first one.
    until(lambda: room.nodes[0].open_streams() == 2, 5)
    again = room.open(1, "reload")
    crowd.close(again)
    until(lambda: room.nodes[1].open_streams() == 2, 5)
    final = room.open(0, "reload")
    crowd.close(tabs[2])
    last = time.time()
    # Until the grace is over nobody hears of any of it.
    holds(lambda: room.told("tabs") == ["online"], GRACE - 1 - (time.time() - last))
    assert present(room.nodes[1], "room")["tabs"] == "online", "within the grace it is still there"
    room.wait_for("tabs", "online", "offline", seconds=6)
    for watcher in room.watchers:
        (gone,) = [frame.json for frame in watcher.all("presence.changed") if frame.json["status"] == "offline"]
        assert gone["userId"] == "tabs" and gone["projectId"] == "room"
        assert closed - 1 <= gone["last_seen"] / 1000 <= gone["timestamp"] / 1000 <= time.time() + 1
        assert gone["timestamp"] / 1000 >= last + GRACE - 1
    assert room.told("reload") == room.told("stays") == ["online"]
    for node in room.nodes:
        assert present(node, "room") == {"reload": "online", "stays": "online"}
    assert room.told("tabs") == ["online", "offline"]
    assert not final.has_ended and not staying.has_ended
    # Who comes back after it is online anew.
    room.open(1, "tabs")
    room.wait_for("tabs", "online", "offline", "online")
    assert all(len(snapshots(watcher)) == 1 for watcher in room.watchers)


@pytest.mark.slow
def test_a_node_that_is_shut_down_takes_nobody_offline_who_comes_back(start_nodes, crowd):
    one, two, leaving, redis = start_nodes(3, "--drain-seconds", 1)
    room = Room([one, two], crowd, "moving")
    users = [f"user-{number}" for number in range(20)]
    members = crowd.open(leaving, 20, channels="chat", project_id="moving", user_id="user-{i}")
    (gone,) = crowd.open(leaving, 1, channels="chat", project_id="moving", user_id="gone")
    for user in (*users, "gone"):
        room.wait_for(user, "online")
    leaving.signal(signal.SIGTERM)
    for member in (*members, gone):
        assert member.wait_for("server_close").json["reason"] == "draining"
    assert leaving.wait(10) == 0
    crowd.open([one, two], 20, channels="chat", project_id="moving", user_id="user-{i}")
    # The others learn of it with a beat, and then wait for the grace.
    room.wait_for("gone", "online", "offline", seconds=GRACE + 8)
    assert present(one, "moving") == present(two, "moving") == dict.fromkeys(users, "online")
    for user in users:
        assert room.told(user) == ["online"]
    # A node that said goodbye is not lost, it is gone.
    for node in (one, two):
        until(lambda node=node: len(node.stats(scope="cluster")["nodes"]) == 2, 10)


def test_away_is_told_once_and_holds_for_all_of_a_users_streams(room):
    one, two = room.nodes
    room.open(0, "u")
    room.wait_for("u", "online")
    answer = room.post(1, "/presence", {"status": "away", "user_type": "system"}, user_id="u")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"project_id": "room", "userId": "u", "status": "away"}
    room.wait_for("u", "online", "away")
    # Said again, on any node, it is no news; another tab changes nothing of it.
    assert room.post(0, "/presence", {"status": "away", "user_id": "u"}).status_code == 200
    room.open(1, "u")
    assert present(one, "room") == present(two, "room") == {"u": "away"}
    assert room.post(0, "/presence", {"status": "online"}, user_id="u").status_code == 200
    room.wait_for("u", "online", "away", "online")
    assert present(one, "room") == {"u": "online"}
    # Who is not there, is not away; and nobody says of itself that it is gone.
    answer = room.post(0, "/presence", {"status": "away"}, user_id="absent")
    assert (answer.status_code, answer.json()["error"]) == (409, "not_present")
    for status in ("offline", "busy", 7, None):
        answer = room.post(0, "/presence", {"status": status}, user_id="u")
        assert answer.status_code == 400, answer.text
    assert room.post(0, "/presence", {}, user_id="u").json()["error"] == "invalid_status"
    room.open(1, "last")
    room.wait_for("last", "online")
    assert room.told("u") == ["online", "away", "online"] and room.told("absent") == []
    assert {user for watcher in room.watchers for user, _ in changes(watcher)} == {"u", "last"}


def test_a_new_subscriber_is_told_who_is_there_and_then_each_change(room, crowd):
    room.open(0, "here")
    room.open(1, "dozing")
    room.wait_for("dozing", "online")
    assert room.post(1, "/presence", {"status": "away"}, user_id="dozing").status_code == 200
    room.wait_for("dozing", "online", "away")
    there = {"here", "dozing", "new"}
    for node in room.nodes:
        new = crowd.one(node, channels="presence,chat", project_id="room", user_id="new")
        told = new.wait_for("presence.snapshot")
        assert told.id is None and told.json["projectId"] == "room"
        assert all(user["user_type"] == "client" for user in told.json["users"])
        (snapshot,) = snapshots(new)
        assert snapshot["here"] == "online" and snapshot["dozing"] == "away"
        assert snapshot.keys() <= there
        after = f"after-{node.port}"
        there.add(after)
        room.open(0, after)
        until(lambda new=new, after=after: changes(new, after) == ["online"], 5)
        # What it may have heard before, that it has come itself, is in the snapshot as well.
        earlier = new.frames[1 : new.names.index("presence.snapshot")]
        assert all(snapshot[frame.json["userId"]] == frame.json["status"] for frame in earlier), earlier
        assert len(new.all("presence.snapshot")) == 1
    unaware = crowd.one(room.nodes[0], channels="chat,jobs", project_id="room", user_id="new")
    room.nodes[0].publish("chat", "message.new", 1, project="room")
    unaware.wait_for("message.new")
    assert unaware.names == ["connected", "message.new"], "who has not asked for presence gets none"


def test_many_who_come_at_once_are_each_told_once_and_all_of_it_is_in_the_snapshot(room, crowd):
    members = crowd.open(room.nodes, 300, channels="presence", project_id="room", user_id="user-{i}")
    users = {f"user-{number}": "online" for number in range(300)}
    for watcher in room.watchers:
        until(lambda watcher=watcher: len(changes(watcher)) >= 300, 15)
        assert sorted(changes(watcher)) == sorted(users.items())
    assert present(room.nodes[0], "room") == users
    for member in members:
        member.wait_for("presence.snapshot")

        def knows_everybody(member=member):
            # The newest word of each: what the snapshot said, then what was told after it.
            known = {}
            for frame in member.all("presence.snapshot", "presence.changed"):
                if frame.event == "presence.snapshot":
                    known = {user["userId"]: user["status"] for user in frame.json["users"]}
                else:
                    known[frame.json["userId"]] = frame.json["status"]
            return known == users

        until(knows_everybody, 10)


@pytest.mark.slow
def test_typing_reaches_all_nodes_and_ends_by_itself(start_nodes, crowd):
    one, two, _ = start_nodes()
    room = Room([one, two], crowd, "talk", channels="chat,presence")

    def typing(watcher):
        frames = watcher.all("typing.start", "typing.stop")
        assert all(frame.id is None for frame in frames)
        assert all((f.json["projectId"], f.json["user_type"]) == ("talk", "client") for f in frames)
        return [(frame.json["userId"], frame.event) for frame in frames]

    def say(node, user, state, **more):
        answer = room.post(node, "/typing", {"state": state, "user_id": user} | more)
        assert answer.status_code == 204, answer.text

    say(0, "silent", "start", user_type="agent")
    say(1, "stops", "start")
    say(1, "stops", "stop")
    expected = [("silent", "typing.start"), ("stops", "typing.start"), ("stops", "typing.stop")]
    for watcher in room.watchers:
        until(lambda watcher=watcher: typing(watcher) == expected, 5)
    began = time.monotonic()
    # Each is stopped for once, and the one that stopped not again.
    expected.append(("silent", "typing.stop"))
    for watcher in room.watchers:
        until(lambda watcher=watcher: typing(watcher) == expected, 12)
    assert time.monotonic() - began > 2
    say(0, "end", "stop")
    for watcher in room.watchers:
        until(lambda watcher=watcher: typing(watcher) == [*expected, ("end", "typing.stop")], 5)
    for state in ("going", None, 1):
        assert room.post(0, "/typing", {"state": state}, user_id="u").status_code == 400


@pytest.mark.slow
def test_who_types_at_one_node_and_then_at_another_stops_once(start_nodes, crowd):
    one, two, _ = start_nodes()
    room = Room([one, two], crowd, "typing", channels="presence,chat")

    def say(node, user, state):
        assert room.post(node, "/typing", {"state": state, "user_id": user}).status_code == 204

    def heard(user):
        """What both nodes' streams were told, in order; only if they agree."""
        first, second = (
            [f.event for f in list(w.frames) if f.event.startswith("typing.") and f.json["userId"] == user]
            for w in room.watchers
        )
        return [name.removeprefix("typing.") for name in first] if first == second else None

    # Goes on at the other node; says there that it has stopped; and types once more than everybody waits for.
    say(0, "goes-on", "start")
    say(0, "stops", "start")
    say(1, "stops", "stop")
    until(lambda: heard("stops") == ["start", "stop"], 5)
    say(0, "last", "start")
    until(lambda: heard("last") == ["start"], 5)
    say(1, "goes-on", "start")
    until(lambda: heard("goes-on") == ["start", "start"], 5)
    # By now the first node's time for all of them is over, and so is the second's.
    until(lambda: heard("last") == ["start", "stop"] and heard("goes-on") == ["start", "start", "stop"], 15)
    say(1, "sentinel", "start")
    until(lambda: heard("sentinel") == ["start", "stop"], 15)
    assert heard("goes-on") == ["start", "start", "stop"]
    assert heard("stops") == ["start", "stop"]


@pytest.mark.slow
def test_after_a_wipe_of_redis_nobody_is_shown_who_has_gone(start_nodes, crowd):
    one, two, redis = start_nodes()
    room = Room([one, two], crowd, "wiped")
    ada, bob = room.open(0, "ada"), room.open(1, "bob")
    room.wait_for("ada", "online")
    room.wait_for("bob", "online")
    redis.client.flushall()
    crowd.close(ada)
    for watcher in room.watchers:
        until(lambda watcher=watcher: len(snapshots(watcher)) > 1, 10, what="they are told anew")
        assert snapshots(watcher)[-1] == {"bob": "online"}
    for node in room.nodes:
        assert present(node, "wiped") == {"bob": "online"}
    assert not bob.has_ended
