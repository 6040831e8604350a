"""Fixtures: each stops what it started, and the run fails if anything is left."""

import os
import signal

import pytest

from harness.crowd import Crowd
from harness.fixtures import pytest_configure, report, stopping  # noqa: F401
from harness.hub import Hub
from harness.load import Load
from harness.processes import survivors
from harness.proxy import Proxy
from harness.redis_server import RedisServer
from harness.waiting import until


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_running():
    yield
    try:
        until(lambda: not survivors(), 5)
    except AssertionError:
        left = survivors()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        pytest.fail(f"left running: {left}")


@pytest.fixture
def start_hub(stopping):
    return lambda *arguments, **options: stopping(Hub(*arguments, **options))


@pytest.fixture
def start_redis(stopping, tmp_path_factory):
    def start(*options, **more):
        return stopping(RedisServer(tmp_path_factory.mktemp("redis"), *options, **more))

    return start


@pytest.fixture
def start_load(stopping):
    return lambda **options: stopping(Load(**options))


@pytest.fixture
def crowd(stopping):
    """Goes before the hubs do, so that none has to send it away."""
    crowd = Crowd()
    yield crowd
    crowd.stop()


@pytest.fixture
def start_nodes(start_hub, start_redis):
    """Hubs on one Redis that know of each other, and that Redis."""

    def start(count=2, *arguments, redis=None, redis_options=(), **options):
        redis = redis or start_redis(*redis_options)
        nodes = [start_hub(*arguments, redis=redis, **options) for _ in range(count)]
        for node in nodes:
            node.wait_until_ready()
        for node in nodes:
            until(lambda: len(node.stats(scope="cluster")["nodes"]) == count, 15, what="the nodes know of each other")
        return *nodes, redis

    return start


@pytest.fixture
def start_proxy(stopping):
    return lambda *arguments, **options: stopping(Proxy(*arguments, **options))


@pytest.fixture(scope="module")
def hub():
    """A hub of the module, in memory: for tests that leave no trace in it but numbers."""
    hub = Hub()
    yield hub
    hub.stop()


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def redis_hub(redis):
    """A hub of the module, on the module's Redis."""
    hub = Hub(redis=redis)
    yield hub.wait_until_ready()
    hub.stop()
