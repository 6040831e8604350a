"""Nothing durable is lost: two hubs, a Redis that keeps what it wrote, a bad network, and a fault every second."""

import json
import os
import random
import signal
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor, wait

import httpx
import pytest
import redis as redis_module

from harness.hub import REPOSITORY, Hub
from harness.publishers import DURABLE, Publishers
from harness.rough_network import RoughNetwork
from harness.timelines import Timelines, history
from harness.waiting import until

pytestmark = pytest.mark.long

SECONDS = int(os.environ.get("TRIBUTARY_CHAOS_SECONDS", "60"))
SEED = int(os.environ.get("TRIBUTARY_CHAOS_SEED", "1"))
PROJECT = "durable"
CHANNELS = list(DURABLE)
USERS = [f"user-{number}" for number in range(5)]
CLIENTS, RATE, SHOUTS = 50, 200, 60
AOF = ("--appendonly", "yes", "--appendfsync", "always")
# Everything is durable somewhere, and nothing is trimmed within the test.
RETENTION = {"count": 10_000_000, "bytes": 10_000_000_000}


@pytest.fixture
def catalog(tmp_path):
    """The bundled catalog, with events on each of its five channels that are durable, and room for all of them."""
    catalog = json.loads((REPOSITORY / "Protocols/catalog.json").read_text())
    for channel in catalog["channels"]:
        channel["retention"] = RETENTION
        for event in channel["events"]:
            if event["name"] == DURABLE.get(channel["name"]):
                event["durable"] = True
        if channel["name"] == "presence":
            channel["events"].append({"name": DURABLE["presence"], "durable": True})
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(catalog))
    return path


class Nodes:
    """Two hubs that are killed, drained and started again on their ports."""

    def __init__(self, redis, *arguments):
        self.redis, self.arguments = redis, arguments
        self.hubs = [Hub(*arguments, redis=redis), Hub(*arguments, redis=redis)]
        self.ports = [hub.port for hub in self.hubs]
        # Threads that stay: a process ends with the thread that started it.
        self.starter = ThreadPoolExecutor(2)
        self.returning = []

    @property
    def addresses(self):
        return [("127.0.0.1", port) for port in self.ports]

    def end(self, chance, number):
        """Ends one of those that run, and has it started again a moment later; False if none runs."""
        running = [index for index, hub in enumerate(self.hubs) if hub is not None]
        if not running:
            return False
        index = chance.choice(running)
        hub, self.hubs[index] = self.hubs[index], None
        hub.signal(number)
        self.returning.append(self.starter.submit(self._start, index, hub, chance.uniform(0.2, 1.5)))
        return True

    def _start(self, index, old, pause):
        try:
            code = old.wait(15)
        finally:
            old.kill()
        assert code in (0, -signal.SIGKILL), f"a hub ended with {code}: {old.said[-2000:]}"
        time.sleep(pause)
        self.hubs[index] = Hub(*self.arguments, redis=self.redis, port=self.ports[index])

    def settle(self):
        for returned in self.returning:
            returned.result(30)
        for hub in self.hubs:
            hub.wait_until_ready(30)

    def stop(self):
        wait(self.returning, 30)
        for hub in self.hubs:
            if hub is not None:
                hub.stop()
        self.starter.shutdown()


class Faults:
    """One fault at a time, none of which waits for the one before to be over."""

    def __init__(self, redis, nodes, network, clients, seed):
        self.redis, self.nodes, self.network, self.clients = redis, nodes, network, clients
        self.chance = random.Random(seed)
        self.done = Counter()
        self.later = []

    KINDS = (
        "kill a hub",
        "drain a hub",
        "kill redis",
        "stop redis",
        "kill pubsub",
        "cut by the network",
        "cut by the client",
        "delay",
        "stall",
    )

    def plan(self, count):
        """Each kind equally often, in any order."""
        kinds = [self.KINDS[index % len(self.KINDS)] for index in range(count)]
        self.chance.shuffle(kinds)
        return kinds

    def happen(self, kind):
        """Returns whether it could."""
        happened = getattr(self, "do_" + kind.replace(" ", "_"))() is not False
        self.done[kind] += happened
        return happened

    def tick(self):
        now = time.monotonic()
        for entry in [entry for entry in self.later if entry[0] <= now]:
            self.later.remove(entry)
            entry[1]()

    def after(self, seconds, action):
        self.later.append((time.monotonic() + seconds, action))

    def do_kill_a_hub(self):
        return self.nodes.end(self.chance, signal.SIGKILL)

    def do_drain_a_hub(self):
        return self.nodes.end(self.chance, signal.SIGTERM)

    def do_kill_redis(self):
        if not self.redis.process.is_running:
            return False
        self.redis.kill()
        self.after(self.chance.uniform(0.1, 1.0), self.redis.start)
        return True

    def do_stop_redis(self):
        process = self.redis.process
        if not process.is_running:
            return False
        process.signal(signal.SIGSTOP)
        self.after(self.chance.uniform(0.5, 3.0), lambda: process.is_running and process.signal(signal.SIGCONT))
        return True

    def do_kill_pubsub(self):
        # Without the client's own patience: the next fault must not wait.
        with redis_module.Redis(port=self.redis.port, socket_timeout=0.5, retry=None) as client:
            try:
                return client.execute_command("CLIENT", "KILL", "TYPE", "pubsub") > 0
            except (redis_module.RedisError, OSError):
                return False

    def do_cut_by_the_network(self):
        seed = self.chance.random()
        return self.network.cut(self.chance.uniform(0.2, 1.0), seed=seed, reset=self.chance.random() < 0.5) > 0

    def do_cut_by_the_client(self):
        return self.clients.cut(self.chance.uniform(0.1, 0.6), self.chance.random()) > 0

    def do_delay(self):
        self.network.delay(self.chance.uniform(0.05, 0.5), self.chance.uniform(0.5, 1.5))

    def do_stall(self):
        self.clients.stall(self.chance.uniform(0.1, 0.3), self.chance.uniform(1.0, 4.0), self.chance.random())


def fifty():
    """Most listen to everything, some to less: a hole in a channel shows only to those who listen to it."""
    sets = [",".join(CHANNELS)] * 6 + ["chat,jobs", "chat", "jobs,advisor", "presence,github-sync"]
    clients = []
    for index in range(CLIENTS):
        # One in five reads through a keyhole.
        keyhole = {"receive_buffer": 4096} if index % 5 == 4 else {}
        clients.append({"user": USERS[index % len(USERS)], "channels": sets[index % len(sets)]} | keyhole)
    return clients


def expectations(hub, clients):
    """What `/history` says that each client should have seen, and all of its events by the publishers' numbers."""
    by_user, numbers = {}, {}
    with httpx.Client() as http:
        for user in USERS:
            by_user[user] = history(hub.url, PROJECT, user_id=user, client=http)
            for event in by_user[user]:
                numbers.setdefault(event["data"]["n"], set()).add(event["id"])
    expected = [
        [event["id"] for event in by_user[client["user"]] if event["channel"] in client["channels"].split(",")]
        for client in clients
    ]
    return expected, numbers


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 400)
def test_no_durable_event_is_lost_repeated_or_out_of_order_whatever_fails(
    start_redis, stopping, catalog, tmp_path, report
):
    redis = start_redis(*AOF)
    # Fifty clients share five users.
    arguments = ("--catalog", catalog, "--max-streams-per-user", 0)
    arguments += ("--drain-seconds", 1, "--probe-seconds", 1, "--tail-bytes", 65_536)
    nodes = stopping(Nodes(redis, *arguments))
    nodes.settle()
    network = stopping(RoughNetwork(nodes.addresses))
    clients = stopping(Timelines())
    readers = fifty()
    clients.open(network.addresses, PROJECT, readers, seed=SEED)
    publishers = stopping(Publishers(redis, PROJECT, rate=RATE, ephemeral=SHOUTS, users=USERS, seed=SEED))
    faults = Faults(redis, nodes, network, clients, SEED)
    began = time.monotonic()
    kinds = deque(faults.plan(SECONDS))
    due = began + 1
    while kinds or time.monotonic() < due:
        faults.tick()
        if not kinds or time.monotonic() < due:
            time.sleep(0.02)
            continue
        due += 1
        kind = kinds.popleft()
        # A Redis that is away cannot be killed: then it is the next one's turn.
        if not faults.happen(kind):
            kinds.append(kind)
    until(lambda: faults.tick() or not faults.later, 10, what="the last fault is over")
    took = time.monotonic() - began
    publishers.stop()
    nodes.settle()
    expected, numbers = expectations(nodes.hubs[0], readers)
    differences = clients.wait_for(expected, tmp_path, seconds=90)
    totals = clients.totals()
    sums = {
        name: sum(difference[name] for difference in differences)
        for name in ("events", "lost", "untold", "duplicates", "disordered", "strange")
    }
    counts, failures = totals["counts"], totals["failures"]
    report(
        f"{took:.0f} s, seed {SEED}: {len(publishers.acknowledged)} durable events acknowledged "
        f"({publishers.retries} retries, {publishers.duplicates} of them duplicates), {publishers.shouted} ephemeral\n"
        f"  faults: {dict(faults.done)}\n"
        f"  clients: {sums}\n"
        f"  streams: {counts}, {failures}, {totals['reasons']}"
    )
    assert set(publishers.refusals) <= {
        text for text in publishers.refusals if "LOADING" in text or "BUSY" in text
    }, set(publishers.refusals)
    # The log has what was acknowledged, once.
    assert len(publishers.acknowledged) >= 0.9 * RATE * SECONDS
    for number, id in publishers.acknowledged.items():
        assert numbers.get(number) == {id}, (number, id, numbers.get(number))
    # The clients have what the log has, in its order.
    worst = [difference for difference in differences if difference["lost"] or difference["strange"]]
    assert (sums["lost"], sums["duplicates"], sums["disordered"], sums["strange"]) == (0, 0, 0, 0), worst[:3]
    assert totals["wrong"] == []
    assert counts["told_lost"] == 0 and counts["not_recovered"] == 0
    # Nobody even had to drop anything: a frame of the hub's with an id comes once.
    assert (counts["repeated_in_connection"], counts["repeated_after_reconnect"]) == (0, 0)
    if SECONDS >= 60:
        assert all(faults.done[kind] >= 5 for kind in Faults.KINDS), faults.done
