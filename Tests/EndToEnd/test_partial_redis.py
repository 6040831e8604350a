"""A part of what the nodes share refuses: the rest goes on, and nobody runs in circles."""

import pytest

from harness.registry import Registry
from harness.waiting import holds, until


def scripts(redis):
    """How many scripts Redis has run."""
    return redis.client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)


@pytest.mark.slow
def test_a_key_of_the_wrong_type_is_one_users_matter(start_nodes, crowd):
    one, two, redis = start_nodes()
    registry = Registry(redis)
    redis.client.set(registry.keys("poisoned")["streams"], "nonsense")
    (poisoned,) = crowd.open(one, 1, channels="chat", user_id="poisoned")
    others = crowd.open([one, two], 20, channels="chat", user_id="user-{i}")
    for node in (one, two):
        assert node.stats()["registry"]["available"] is True
    before = scripts(redis)
    # Two nodes' beats, and each stream and its presence once in 20 s; it was a thousand a second.
    holds(lambda: scripts(redis) - before < 150, 5, what="Redis has nothing to do")
    assert not poisoned.has_ended and not any(member.has_ended for member in others)
    assert all(len(registry.streams(f"user-{number}")) == 1 for number in range(20))


@pytest.mark.slow
def test_a_redis_without_memory_is_not_flooded_and_is_used_again_when_it_has_some(start_nodes, crowd):
    one, two, redis = start_nodes()
    crowd.open([one, two], 20, channels="chat", user_id="user-{i}")
    redis.client.config_set("maxmemory-policy", "noeviction")
    redis.client.config_set("maxmemory", "1mb")
    until(lambda: one.stats()["registry"]["available"] is False, 15)
    before = scripts(redis)
    holds(lambda: scripts(redis) - before < 300, 5, what="Redis has nothing to do")
    redis.client.config_set("maxmemory", "0")
    for node in (one, two):
        until(lambda node=node: node.stats()["registry"]["available"], 15)
