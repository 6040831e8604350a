"""A slow stream under 1,000 presence changes a second gets the newest state of each user, and every chat event."""

import json
import time

import pytest
import redis as redis_module

from harness.waiting import until

pytestmark = pytest.mark.alone

USERS, RATE, SECONDS = 50, 1_000, 5
PROJECT = "busy"


class Commotion:
    """50 users that change all the time, 10 every 10 ms, and somebody who says something durable now and then."""

    def __init__(self, server):
        self.client = redis_module.Redis(port=server.port, socket_timeout=10)
        self.changes = self.messages = 0
        # What each user's newest change says.
        self.newest = {}
        self.ids = []

    def run(self, seconds, meanwhile=lambda: None):
        due = time.monotonic()
        for _ in range(seconds * RATE // 10):
            with self.client.pipeline(transaction=False) as pipeline:
                for _ in range(10):
                    user = f"user-{self.changes % USERS}"
                    status = ("away", "online")[self.changes % 3 == 0]
                    change = {"userId": user, "status": status, "n": self.changes, "pad": "x" * 200}
                    pipeline.publish(f"presence:{PROJECT}", json.dumps({"event": "presence.changed", "data": change}))
                    self.newest[user] = self.changes
                    self.changes += 1
                if self.changes % 50 == 0:
                    data = json.dumps({"n": self.messages})
                    pipeline.fcall("tributary_publish", 1, f"{{{PROJECT}}}", "chat", "message.new", data)
                    self.messages += 1
                answers = pipeline.execute()
            if len(answers) > 10:
                self.ids.append(int(answers[-1][0]))
            meanwhile()
            due += 0.01
            time.sleep(max(0.0, due - time.monotonic()))

    def stop(self):
        self.client.close()


class Seen:
    """What one stream was given."""

    def __init__(self):
        self.latest, self.changes, self.ids, self.numbers, self.gaps = {}, 0, [], [], []

    def take(self, frame):
        if frame.event == "presence.changed":
            self.changes += 1
            user, number = frame.json["userId"], frame.json["n"]
            assert number > self.latest.get(user, -1), "an older state never comes after a newer one"
            self.latest[user] = number
        elif frame.event in ("message.new", "message.replay"):
            self.ids.append(int(frame.id))
            self.numbers.append(frame.json["n"])
        elif frame.event == "gap":
            self.gaps.append(frame.json)
        else:
            assert frame.event in ("presence.snapshot", "replay.end"), frame

    def read_to_the_end(self, stream, commotion):
        while self.latest != commotion.newest or len(self.ids) < commotion.messages:
            self.take(stream.event())

    def assert_whole(self, commotion):
        assert self.latest == commotion.newest
        assert self.ids == commotion.ids and self.numbers == list(range(commotion.messages))
        assert self.gaps == [], "what was replaced is not lost"


@pytest.fixture
def scene(start_hub, start_redis, stopping):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    slow = hub.stream("presence,chat", project_id=PROJECT, receive_buffer=4096, seconds=20)
    yield hub, slow, stopping(Commotion(redis))
    slow.close()


@pytest.mark.slow
def test_a_stalled_stream_gets_the_newest_of_each_user_and_all_of_the_chat(scene, crowd, report):
    hub, slow, commotion = scene
    attentive = crowd.one(hub, channels="presence,chat", project_id=PROJECT)
    attentive.wait_for("presence.snapshot")
    commotion.run(SECONDS)
    assert hub.stats()["streams"]["slow"] == 1
    tail = hub.stats()["memory"]["tail_bytes"]
    seen, all_of_it = Seen(), Seen()
    seen.read_to_the_end(slow, commotion)
    until(lambda: len(attentive.all("presence.changed")) == commotion.changes, 15)
    for frame in attentive.frames[1:]:
        all_of_it.take(frame)
    report(
        f"{seen.changes} of {commotion.changes} changes for the slow one, {all_of_it.changes} for the other; "
        f"{len(seen.ids)} of {commotion.messages} messages; tails {tail / 1024:.0f} KiB"
    )
    seen.assert_whole(commotion)
    all_of_it.assert_whole(commotion)
    assert all_of_it.changes == commotion.changes, "a stream that keeps up misses none"
    # What went out before its socket was full, and then one of each.
    assert seen.changes < commotion.changes / 5
    # It goes on as any other.
    until(lambda: hub.stats()["streams"]["slow"] == 0, 5)
    before = seen.changes
    hub.publish("presence", "presence.changed", {"userId": "user-0", "n": commotion.changes}, project=PROJECT)
    hub.publish("presence", "presence.changed", {"userId": "user-0", "n": commotion.changes + 1}, project=PROJECT)
    for _ in range(2):
        seen.take(slow.event("presence.changed"))
    assert seen.changes == before + 2


@pytest.mark.slow
def test_a_stream_that_sips_sees_each_user_move_on_and_misses_no_message(scene, report):
    hub, slow, commotion = scene
    seen = Seen()

    def sip():
        # About a third of what comes.
        for _ in range(3):
            seen.take(slow.event())

    commotion.run(1)
    commotion.run(SECONDS - 1, sip)
    during = seen.changes
    assert seen.latest.keys() == commotion.newest.keys()
    seen.read_to_the_end(slow, commotion)
    report(f"{seen.changes} of {commotion.changes} changes, {during} of them while they came")
    seen.assert_whole(commotion)
    assert during < seen.changes < commotion.changes * 0.7
