"""Who gets no stream, and what they are told instead; and what becomes of the limits when Redis is away."""

import json
import time

import httpx
import pytest

from harness.requesting import client
from harness.ports import own_address
from harness.registry import Registry
from harness.waiting import holds, until


# Whoever reaches a hub from elsewhere than its own machine sees its figures with an operator's token alone.
TOKEN = "an-operators-token-0"


class At:
    """A hub under another address of its own."""

    def __init__(self, hub, address):
        self.address = (address, hub.port)
        self.url = f"http://{address}:{hub.port}"


def lingering(members):
    return [member for member in members if not member.has_ended]


def limit_problem(member):
    """The answer to a stream that is one too many, as the contract has it."""
    assert member.status == 429, (member.status, member.body)
    assert member.head["content-type"].startswith("application/json")
    body = json.loads(member.body)
    assert {
        "error",
        "message",
        "current_connections",
        "max_connections",
        "retry_after_ms",
        "recommendation",
    } <= body.keys()
    assert int(member.head["retry-after"]) == -(-body["retry_after_ms"] // 1000) > 0
    assert member.head["x-sse-connection-limit"] == str(body["max_connections"])
    assert member.head["x-sse-current-connections"] == str(body["current_connections"])
    assert body["message"] and body["recommendation"]
    return body


def test_reject_refuses_what_is_one_too_many_on_any_node_and_says_so(start_nodes, crowd):
    one, two, redis = start_nodes(2, "--over-limit", "reject", "--max-streams-per-user", 2)
    query = {"channels": "chat", "user_id": "u"}
    first, second = crowd.open([one, two], 2, client_instance_id="tab-{i}", **query)
    registry = Registry(redis)
    there = registry.entries("u")
    for node in (one, two):
        (refused,) = crowd.open(node, 1, client_instance_id="third", **query)
        body = limit_problem(refused)
        assert body["error"] == "too_many_connections"
        assert (body["current_connections"], body["max_connections"]) == (2, 2)
        opened = node.stats()["streams"]["opened_total"]
        # HEAD says what GET would, and POST, which asks who one is, does too.
        for method in ("HEAD", "POST"):
            answer = client.request(method, node.url + "/stream", params=query)
            assert answer.status_code == 429
            assert answer.headers["x-sse-connection-limit"] == answer.headers["x-sse-current-connections"] == "2"
            assert 30 <= int(answer.headers["retry-after"]) <= 60
            assert bool(answer.content) == (method == "POST")
        assert node.stats()["streams"]["opened_total"] == opened
    assert registry.entries("u") == there, "who was refused has left nothing, and moved nobody"
    assert lingering([first, second]) == [first, second]
    # The same client's next stream is not one more.
    again = crowd.one(two, client_instance_id="tab-0", **query)
    assert first.wait_for("server_close").json["reason"] == "replaced"
    crowd.close(second)
    until(lambda: registry.streams("u") == [again.id], 5)
    answer = client.head(one.url + "/stream", params=query)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
    assert registry.streams("u") == [again.id], "HEAD opens nothing"
    assert crowd.one(one, client_instance_id="third", **query).reason is None


def test_a_full_node_sends_streams_elsewhere(start_hub, crowd):
    hub = start_hub("--max-streams", 3)
    members = crowd.open(hub, 3, channels="chat", user_id="{i}")
    (refused,) = crowd.open(hub, 1, channels="chat")
    assert refused.status == 503 and int(refused.head["retry-after"]) > 0
    assert json.loads(refused.body)["error"] == "node_full"
    answer = client.head(hub.url + "/stream")
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert lingering(members) == members
    assert hub.get("/healthz").status_code == hub.get("/stats").status_code == 200
    crowd.close(members[0])
    hub.wait_for_streams(2)
    crowd.one(hub, channels="chat")
    (refused,) = crowd.open(hub, 1, channels="chat")
    assert refused.status == 503


@pytest.fixture
def outside(start_hub):
    """Starts a hub that is reached from another address than loopback; gives it, and itself from there."""
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")

    with httpx.Client(timeout=10, headers={"Authorization": f"Bearer {TOKEN}"}) as operator:

        def start(*arguments):
            hub = start_hub("--hostname", "0.0.0.0", "--auth", "none", "--admin-token", TOKEN, *arguments)
            hub.address = ("127.0.0.1", hub.port)
            hub.url = f"http://127.0.0.1:{hub.port}"
            hub.client = operator
            return hub, At(hub, address)

        yield start


def test_an_address_has_so_many_streams_and_loopback_any_number(outside, crowd):
    hub, far = outside("--max-streams-per-address", 3)
    members = crowd.open(far, 3, channels="chat", user_id="{i}")
    assert all(member.status == 200 for member in members)
    (refused,) = crowd.open(far, 1, channels="chat", user_id="another")
    body = limit_problem(refused)
    assert (body["current_connections"], body["max_connections"]) == (3, 3)
    answer = client.head(far.url + "/stream")
    assert answer.status_code == 429 and answer.headers["x-sse-connection-limit"] == "3"
    assert all(member.status == 200 for member in crowd.open(hub, 10, channels="chat"))
    crowd.close(members[0])
    hub.wait_for_streams(12)
    assert crowd.open(far, 1, channels="chat")[0].status == 200
    assert crowd.open(far, 1, channels="chat")[0].status == 429


def test_an_address_opens_so_many_a_second_and_loopback_any_number(outside, crowd):
    hub, far = outside("--connects-per-second-per-address", 5)
    assert all(member.status == 200 for member in crowd.open(hub, 50, channels="chat"))
    began = time.monotonic()
    members = crowd.open(far, 40, channels="chat")
    accepted = [member for member in members if member.status == 200]
    refused = [member for member in members if member.status == 429]
    assert len(accepted) + len(refused) == 40
    assert 5 <= len(accepted) <= 5 + 5 * (time.monotonic() - began) + 1 and refused
    for member in refused:
        assert json.loads(member.body)["error"] == "too_many_connects" and int(member.head["retry-after"]) > 0
    # Whoever waits gets in.
    until(lambda: crowd.open(far, 1, channels="chat")[0].status == 200, 5, every=0.3)


@pytest.mark.slow
def test_without_redis_each_node_holds_the_limit_and_afterwards_it_holds_for_both(start_nodes, crowd):
    one, two, redis = start_nodes(2)
    before = crowd.open([one, two], 4, window=1, channels="chat", user_id="u", client_instance_id="before-{i}")
    redis.kill()
    until(lambda: not one.is_ready() and not two.is_ready(), 15)
    began = time.monotonic()
    on_one = crowd.open(one, 7, window=1, channels="chat", user_id="u", client_instance_id="one-{i}")
    on_two = crowd.open(two, 7, window=1, channels="chat", user_id="u", client_instance_id="two-{i}")
    assert all(member.status == 200 for member in on_one + on_two), "streams are accepted"
    assert time.monotonic() - began < 14 * 5
    for members, mine in ((on_one, before[0::2]), (on_two, before[1::2])):
        streams = mine + members
        until(lambda streams=streams: lingering(streams) == streams[-5:], 5, what="five on this node")
        assert {member.reason for member in mine + members[:2]} == {"evicted"}
    # The same client's next stream replaces the old one, if it is on the same node.
    again = crowd.one(two, channels="chat", user_id="u", client_instance_id="two-6")
    assert on_two[6].wait_for("server_close").json["reason"] == "replaced"
    # Another client's older stream is on the node that cannot be told of it yet.
    twice = crowd.one(two, channels="chat", user_id="u", client_instance_id="one-6")
    newest = [*on_two[3:6], again, twice]
    assert lingering(on_one) == on_one[2:]
    redis.start()
    until(lambda: set(Registry(redis).streams("u")) == {member.id for member in newest}, 30, what="it has healed")
    until(lambda: lingering(on_one + on_two) == newest[:3], 10, what="five on both nodes")
    assert [member.reason for member in on_one] == ["evicted"] * 6 + ["replaced"]
    assert all(member.reason is None for member in newest)
    holds(lambda: len(lingering(newest)) == 5, 1)


@pytest.mark.slow
def test_a_redis_that_hangs_holds_nobody_up_for_long(start_nodes, crowd, report):
    one, two, redis = start_nodes(2)
    others = crowd.open([one, two], 2, channels="chat", user_id="other")
    redis.pause()
    took, members = [], []
    try:
        for number in range(8):
            began = time.monotonic()
            members.append(crowd.one((one, two)[number % 2], channels="chat", user_id="u"))
            took.append(time.monotonic() - began)
        began = time.monotonic()
        crowd.open([one, two], 40, channels="chat", user_id="user-{i}")
        together = time.monotonic() - began
    finally:
        redis.resume()
    report(f"longest admission {max(took):.2f} s one by one, 40 at once in {together:.2f} s")
    assert max(took) < 3 and together < 5
    assert lingering(members) == members, "four on each node"
    # Redis hears of some of them only now, so which are the newest is its own matter.
    until(lambda: len(lingering(members)) == 5, 30, what="five on both nodes")
    until(lambda: set(Registry(redis).streams("u")) == {member.id for member in lingering(members)}, 10)
    assert {member.reason for member in members if member.has_ended} == {"evicted"}
    assert lingering(others) == others
