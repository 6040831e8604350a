"""How many streams a user has, over two nodes: a new one of the same client replaces, one too many evicts."""

import asyncio
import random
import statistics
import threading
import time

import pytest
import redis as redis_module

from harness.registry import Registry
from harness.waiting import until

pytestmark = pytest.mark.alone

LIMIT = 5


@pytest.fixture
def cluster(start_nodes):
    one, two, redis = start_nodes()
    return [one, two], redis, Registry(redis)


def lingering(members):
    return [member for member in members if not member.has_ended]


def wait_for_the_rest_to_end(members, count, seconds=10.0):
    until(lambda: len(lingering(members)) <= count, seconds, what=f"{count} of {len(members)} streams are left")
    return lingering(members)


def assert_told(member, reason):
    """The close was told once, as the last frame, with the delay for native clients beside the one for ours."""
    (closing,) = member.closings
    assert closing["reason"] == reason
    assert member.names[-1] == "server_close" and member.frames[-1].retry == closing["retry_ms"]
    if reason == "evicted":
        assert closing["reconnect"] is True and 30_000 <= closing["retry_ms"] <= 60_000
    else:
        assert closing["reconnect"] is False and closing["retry_ms"] == 60_000


def assert_prompt(waits, nodes):
    """Within 100 ms, as a rule; where this machine is so busy that a request takes long, so many requests' time."""
    trips = []
    for turn in range(20):
        began = time.monotonic()
        nodes[turn % 2].get("/healthz")
        trips.append(time.monotonic() - began)
    assert statistics.median(waits) < max(0.1, 10 * statistics.median(trips))


def assert_registered(registry, user, members):
    """The registry has exactly these streams, and each of its four keys says the same."""
    entries = registry.entries(user)
    ids = {member.id for member in members}
    assert set(entries["streams"]) == entries["streammeta"].keys() == ids
    assert {id: instance for instance, id in entries["instances"].items()} == entries["streaminstances"]
    assert entries["streaminstances"].keys() <= ids
    for member in members:
        about = entries["streammeta"][member.id]
        assert about["node"] == member.greeting["node"] and about["channels"] == member.greeting["channels"]


def test_of_twenty_streams_of_a_user_the_five_newest_stay(cluster, crowd, report):
    nodes, redis, registry = cluster
    members = crowd.open(nodes, 20, window=1, channels="chat", user_id="u", client_instance_id="browser-{i}")
    stayed = wait_for_the_rest_to_end(members, LIMIT)
    assert stayed == members[-LIMIT:]
    for member in members[:-LIMIT]:
        assert_told(member, "evicted")
    retries = {member.closings[0]["retry_ms"] for member in members[:-LIMIT]}
    assert len(retries) > 5, "they do not come back together"
    assert all(member.reason is None for member in stayed)
    assert_registered(registry, "u", stayed)
    assert len(registry.entries("u")["instances"]) == LIMIT
    assert registry.stream_keys() == set(registry.keys("u").values())
    # The eighth's coming sent the third away, and so on; every second of these was on the other node.
    waits = [evicted.times[-1] - newer.times[0] for evicted, newer in zip(members, members[LIMIT:], strict=False)]
    report(f"told {max(waits) * 1000:.0f} ms after the newer stream's first frame at the latest")
    assert_prompt(waits, nodes)
    totals = [node.stats()["streams"]["closed_total"].get("evicted", 0) for node in nodes]
    assert sum(totals) == 15
    # The five are as live as ever.
    nodes[0].publish("chat", "message.new", {"n": 1})
    for member in stayed:
        member.wait_for("message.new")


def test_twenty_at_once_leave_five_too(cluster, crowd):
    nodes, _, registry = cluster
    members = crowd.open(nodes, 20, channels="chat", user_id="u", client_instance_id="browser-{i}")
    assert all(member.status == 200 for member in members), "nobody meets a 429"
    stayed = wait_for_the_rest_to_end(members, LIMIT)
    assert len(stayed) == LIMIT
    for member in members:
        if member not in stayed:
            assert_told(member, "evicted")
    assert all(member.reason is None for member in stayed)
    assert_registered(registry, "u", stayed)


@pytest.mark.parametrize("window", [1, 10])
def test_a_client_that_reconnects_two_hundred_times_over_both_nodes_has_one_stream(cluster, crowd, window, report):
    nodes, redis, registry = cluster
    members = crowd.open(nodes, 200, window=window, channels="chat", user_id="u", client_instance_id="phone")
    (stayed,) = wait_for_the_rest_to_end(members, 1)
    if window == 1:
        assert stayed is members[-1]
        waits = sorted(old.times[-1] - new.times[0] for old, new in zip(members, members[1:], strict=False))
        report(f"replaced on the other node: p50 {waits[100] * 1000:.1f} ms, longest {waits[-1] * 1000:.1f} ms")
        assert_prompt(waits, nodes)
    for member in members:
        if member is not stayed:
            assert_told(member, "replaced")
    assert stayed.reason is None
    entries = registry.entries("u")
    assert entries["streams"] == [stayed.id]
    assert entries["instances"] == {"phone": stayed.id} and entries["streaminstances"] == {stayed.id: "phone"}
    assert_registered(registry, "u", [stayed])
    assert registry.stream_keys() == set(registry.keys("u").values())
    crowd.close(stayed)
    until(lambda: not registry.stream_keys(), 5, what="the registry has forgotten the user")


def test_other_users_projects_and_passers_by_are_counted_on_their_own(cluster, crowd):
    nodes, _, registry = cluster
    groups = [
        crowd.open(nodes, LIMIT, window=1, channels="chat", user_id="u"),
        crowd.open(nodes, LIMIT, channels="chat", user_id="u", project_id="other"),
        crowd.open(nodes, LIMIT, channels="chat", user_id="u:project"),
        crowd.open(nodes, LIMIT, channels="chat", user_id="{u}%:"),
        # Whoever gives no name is a peer address, and has no limit.
        crowd.open(nodes, 20, channels="chat"),
    ]
    everybody = [member for group in groups for member in group]
    (newer,) = crowd.open(nodes[0], 1, channels="chat", user_id="u")
    groups[0][0].wait_for("server_close")
    assert_told(groups[0][0], "evicted")
    until(lambda: len(lingering(everybody)) == len(everybody) - 1, 5)
    assert_registered(registry, "u", [*groups[0][1:], newer])
    assert len(registry.streams("u", "other")) == len(registry.streams("u%3Aproject")) == LIMIT
    assert len(registry.streams("%7Bu%7D%25%3A")) == LIMIT


def test_a_limit_of_zero_is_none_and_any_other_is_kept(start_nodes, crowd):
    one, two, redis = start_nodes(2, "--max-streams-per-user", 0)
    members = crowd.open([one, two], 30, channels="chat", user_id="u", client_instance_id="tab-{i}")
    assert lingering(members) == members
    one.wait_for_streams(15)
    assert len(Registry(redis).streams("u")) == 30


class EveryScript:
    """Follows the registry's keys of one user through MONITOR, and looks at them after each script."""

    def __init__(self, server, registry, user):
        self.key = registry.keys(user)["streams"]
        self.client = redis_module.Redis(port=server.port, socket_timeout=10)
        self.present, self.peak, self.scripts = {}, 0, 0
        self.wrong = []
        self._gone, self._came = {}, False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(server,), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self, server):
        with self.client.monitor() as monitor:
            self._ready.set()
            for command in monitor.listen():
                words = command["command"].split(" ")
                if command["client_type"] != "lua":
                    self._after_a_script()
                    if words == ["ECHO", "enough"]:
                        return
                elif len(words) > 2 and words[1] == self.key:
                    if words[0] == "ZADD":
                        self._came = True
                        self.present[words[3]] = int(words[2])
                    elif words[0] == "ZREM" and words[2] in self.present:
                        self._gone[words[2]] = self.present.pop(words[2])

    def _after_a_script(self):
        if not self._came and not self._gone:
            return
        self.scripts += 1
        self.peak = max(self.peak, len(self.present))
        # Those that left because another came: not the ones that closed by themselves.
        if self._came and self._gone and max(self._gone.values()) > min(self.present.values()):
            self.wrong.append((dict(self._gone), dict(self.present)))
        self._gone, self._came = {}, False

    def stop(self):
        if self._thread.is_alive():
            with redis_module.Redis(port=self.client.connection_pool.connection_kwargs["port"]) as client:
                client.echo("enough")
            self._thread.join(20)
        self.client.close()


def test_fifty_that_register_at_once_never_exceed_the_limit_nor_evict_a_newer_one(cluster, crowd, stopping, report):
    nodes, redis, registry = cluster
    watcher = stopping(EveryScript(redis, registry, "u"))
    members = []

    async def come_and_go(number):
        chance = random.Random(number)
        for turn in range(8):
            query = {"channels": "chat", "user_id": "u", "client_instance_id": f"{number}-{turn}"}
            member = await crowd.enter(chance.choice(nodes), query)
            assert member.status == 200, member.body
            members.append(member)
            if chance.random() < 0.3:
                member.transport.close()

    async def all_of_them():
        await asyncio.gather(*(come_and_go(number) for number in range(50)))

    crowd.run(all_of_them())
    until(lambda: len(lingering(members)) <= LIMIT, 10, what="all but five have ended")
    until(lambda: set(registry.streams("u")) == {member.id for member in lingering(members)}, 10)
    watcher.stop()
    report(f"{watcher.scripts} scripts changed the user's streams; {watcher.peak} at the most")
    assert watcher.scripts >= 400
    assert watcher.wrong == []
    assert watcher.peak == LIMIT
    assert watcher.present.keys() == set(registry.streams("u"))
    for member in members:
        assert member.reason in (None, "evicted")
    crowd.close(*lingering(members))
