"""A live stream's channels change, whichever node is asked, and nothing durable is lost or comes twice."""

import random
import threading
import time

import pytest

from harness.requesting import client
from harness.publishers import Publishers
from harness.resuming import publish_numbers
from harness.timelines import history
from harness.waiting import holds, until

pytestmark = pytest.mark.alone

PROJECT = "change"
TOKEN = "an-operators-token-0"


def change(node, stream, *, user="u", headers=None, **body):
    """Asks for a change; the answer."""
    query = {"user_id": user} if user else None
    return client.post(f"{node.url}/stream/{stream.id}/channels", params=query, json=body, headers=headers)


def changed(node, stream, **body):
    """Asks for a change that is made; the channels that the answer names."""
    answer = change(node, stream, **body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["connection_id"] == stream.id
    return answer.json()["channels"]


def told(stream):
    """The channels that the stream knows itself to have."""
    return [frame.json["channels"] for frame in stream.all("connected", "subscribed")]


def wait_until_told(stream, channels, seconds=10.0):
    until(lambda: sorted(told(stream)[-1]) == sorted(channels), seconds, what=f"{channels}; was told {told(stream)}")


@pytest.fixture
def nodes(start_nodes):
    one, two, redis = start_nodes(2, "--admin-token", TOKEN)
    return one, two, redis


def test_any_node_changes_a_stream_and_the_stream_is_told(nodes, crowd):
    one, two, redis = nodes
    stream = crowd.one(one, channels="chat", project_id=PROJECT, user_id="u")
    for asked in (two, one):
        assert sorted(changed(asked, stream, add=["jobs"])) == ["chat", "jobs"]
        wait_until_told(stream, ["chat", "jobs"])
        frame = stream.all("subscribed")[-1]
        assert frame.json["connection_id"] == stream.id
        assert {"message.new", "job.started", "job.progress"} <= set(frame.json["events"])
        progress = len(stream.all("job.progress"))
        two.publish("jobs", "job.progress", {"id": "j", "percent": 1}, project=PROJECT)
        stream.wait_for("job.progress", progress + 1)
        assert changed(asked, stream, remove=["jobs"]) == ["chat"]
        wait_until_told(stream, ["chat"])
        # What it no longer reads does not come; what is said after it does.
        typed = len(stream.all("typing.start"))
        two.publish("jobs", "job.progress", {"id": "j", "percent": 2}, project=PROJECT)
        two.publish("chat", "typing.start", {"userId": "v"}, project=PROJECT)
        stream.wait_for("typing.start", typed + 1)
        assert len(stream.all("job.progress")) == progress + 1
    # In one step; an alias is as good.
    assert changed(two, stream, add=["job", "presence"], remove=["chat"]) == ["jobs", "presence"]
    wait_until_told(stream, ["jobs", "presence"])
    stream.wait_for("presence.snapshot")
    (listed,) = client.get(
        one.url + "/connections", params={"user_id": "u"}, headers={"Authorization": f"Bearer {TOKEN}"}
    ).json()["connections"]
    assert listed["channels"] == ["jobs", "presence"]
    # Nothing to read is no reason to go.
    assert changed(one, stream, remove=["jobs", "presence"]) == []
    wait_until_told(stream, [])
    assert sorted(changed(two, stream, add=["chat"])) == ["chat"]
    wait_until_told(stream, ["chat"])
    id = two.publish("chat", "message.new", "again", project=PROJECT)["id"]
    assert stream.wait_for("message.new").id == str(id)
    assert not stream.has_ended and sum(node.open_streams() for node in (one, two)) == 1


def test_an_added_channel_is_replayed_from_where_it_is_asked_for(nodes, crowd):
    one, two, _ = nodes
    jobs = publish_numbers(two, PROJECT, range(5), "jobs")
    chats = publish_numbers(two, PROJECT, range(5))
    later = publish_numbers(two, PROJECT, range(5, 8), "jobs")
    all_jobs = jobs + later
    for from_seq in (0, jobs[2], chats[4], None):
        expected = [] if from_seq is None else [id for id in all_jobs if id > from_seq]
        stream = crowd.one(one, channels="chat", project_id=PROJECT, user_id="u", client_instance_id="i")
        more = {} if from_seq is None else {"from_seq": from_seq}
        assert sorted(changed(two, stream, add=["jobs"], **more)) == ["chat", "jobs"]
        wait_until_told(stream, ["chat", "jobs"])
        replayed = [int(frame.id) for frame in stream.all("job.started", "message.replay", "message.new")]
        assert replayed == expected
        ends = [frame.json for frame in stream.all("replay.end")]
        assert [end["replayed"] for end in ends] == ([] if from_seq is None else [len(expected)])
        assert stream.names[-1] == "subscribed"
        (live,) = publish_numbers(two, PROJECT, [9], "jobs")
        until(lambda stream=stream, live=live: stream.frames[-1].id == str(live), 5)
        all_jobs.append(live)
        assert stream.all("gap") == []


def test_a_change_that_cannot_be_made_is_refused_and_changes_nothing(nodes, crowd):
    one, two, _ = nodes
    stream = crowd.one(one, channels="chat", project_id=PROJECT, user_id="u")
    anonymous = crowd.one(one, channels="chat", project_id=PROJECT)
    for node in (one, two):
        answer = change(node, stream, add=["jobs", "nope"])
        assert (answer.status_code, answer.json()["error"]) == (400, "unknown_channel")
        assert answer.json()["channel"] == "nope"
        for body in ({}, {"add": "jobs"}, {"add": [7]}, {"add": ["jobs"], "from_seq": -1}, {"add": ["a b"]}):
            assert change(node, stream, **body).status_code == 400, body
        assert change(node, stream, add=["jobs"], remove=["jobs"]).status_code == 400
        # Whose it is not, learns nothing of it.
        strange = change(node, stream, user="v", add=["jobs"])
        nobody = change(node, stream, user=None, add=["jobs"])
        missing = client.post(f"{node.url}/stream/nothing/channels", json={"add": ["jobs"]})
        assert strange.status_code == nobody.status_code == missing.status_code == 404
        assert strange.json() == nobody.json() == missing.json()
    holds(lambda: told(stream) == [["chat"]], 0.3)
    # An operator may, and whoever gave no name is known by its address.
    operator = {"Authorization": f"Bearer {TOKEN}"}
    assert change(two, stream, user=None, headers=operator, add=["jobs"]).status_code == 200
    wait_until_told(stream, ["chat", "jobs"])
    assert change(two, anonymous, user=None, add=["jobs"]).status_code == 200
    wait_until_told(anonymous, ["chat", "jobs"])
    crowd.close(stream)
    until(lambda: one.open_streams() == 1, 5)
    assert change(two, stream, add=["presence"]).status_code == 404


class Restless(threading.Thread):
    """A page whose components come and go: it drops `jobs`, and comes back to where it was, again and again."""

    def __init__(self, nodes, stream, user, seed):
        super().__init__(daemon=True)
        self.nodes, self.stream, self.user, self.chance = nodes, stream, user, random.Random(seed)
        self.changes = 0
        self.failure = None
        self.stopping = threading.Event()

    @property
    def events(self):
        return self.stream.all("message.new", "message.replay", "job.started")

    def job_ids(self):
        return [int(frame.id) for frame in self.stream.all("job.started")]

    def run(self):
        try:
            while not self.stopping.wait(0.05):
                self.add()
                if self.stopping.wait(0.05):
                    break
                changed(self.chance.choice(self.nodes), self.stream, user=self.user, remove=["jobs"])
                wait_until_told(self.stream, ["chat"])
                self.changes += 1
        except AssertionError as error:
            self.failure = error

    def add(self):
        ids = self.job_ids()
        node = self.chance.choice(self.nodes)
        changed(node, self.stream, user=self.user, add=["jobs"], from_seq=ids[-1] if ids else 0)
        wait_until_told(self.stream, ["chat", "jobs"])
        self.changes += 1


@pytest.mark.slow
def test_changes_every_50_ms_under_load_neither_lose_nor_repeat_a_durable_event(nodes, crowd, stopping, report):
    *hubs, redis = nodes
    pages = []
    for number in range(6):
        user = f"user-{number}"
        stream = crowd.one(hubs[number % 2], channels="chat", project_id=PROJECT, user_id=user)
        pages.append(Restless(hubs, stream, user, number))
    users = [page.user for page in pages[:2]]
    publishers = stopping(
        Publishers(redis, PROJECT, rate=200, ephemeral=50, channels=("chat", "jobs"), users=users, count=2)
    )
    for page in pages:
        page.start()
    # The load is what is measured, for this long.
    time.sleep(10)
    for page in pages:
        page.stopping.set()
        page.join(20)
        assert page.failure is None, page.failure
    publishers.stop()
    for page in pages:
        if "jobs" not in told(page.stream)[-1]:
            page.add()
    lost = repeated = 0
    for page in pages:
        log = history(hubs[0].url, PROJECT, user_id=page.user)
        expected = {name: [e["id"] for e in log if e["channel"] == name] for name in ("chat", "jobs")}

        def seen(page=page):
            ids = {"chat": [], "jobs": []}
            for frame in page.events:
                ids["jobs" if frame.event == "job.started" else "chat"].append(int(frame.id))
            return ids

        def is_at_the_end(expected=expected, seen=seen):
            return all(expected[name][-1] in ids for name, ids in seen().items())

        until(is_at_the_end, 10, what="the last event has come")
        for name, ids in seen().items():
            lost += len(set(expected[name]) - set(ids))
            repeated += len(ids) - len(set(ids))
            assert ids == expected[name], (page.user, name, set(expected[name]) ^ set(ids))
        assert page.stream.all("gap") == [] and not page.stream.has_ended
    changes = sum(page.changes for page in pages)
    report(f"{changes} changes, {len(publishers.acknowledged)} events: {lost} lost, {repeated} repeated")
    assert changes > 200 and len(publishers.acknowledged) > 1_000
    assert publishers.refusals == []
