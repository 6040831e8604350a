"""The servers, each as its documentation has it for many streams on one core, and how it is published to."""

import re
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field

from harness.ports import free_port
from harness.processes import Process
from harness.waiting import until

from . import tools

STREAMS = "http://127.0.0.1:{port}/stream?channels={{channels}}&project_id={{project}}&user_id={{user}}"


@dataclass
class Running:
    """A server that runs: where its streams are, how it is published to, and its processes."""

    url: str
    publish: list
    pids: list
    # How it is published to where events need an id.
    durable: list | None = None
    # Connections that may be unanswered at a time, where the bench's own number is too many.
    window: int | None = None


@dataclass
class Bed:
    """Where servers are started: their core, the core of everything else, and a folder. Ends all of it."""

    folder: object
    server_cpu: str
    other_cpu: str
    stack: ExitStack = field(default_factory=ExitStack)

    def process(self, command, *, server=True, **options):
        process = Process(command, cpus=self.server_cpu if server else self.other_cpu, **options)
        self.stack.callback(process.stop)
        return process

    def redis(self):
        # Not on top: who only asks for help has no client.
        from harness.redis_server import RedisServer

        server = RedisServer(self.folder, cpus=self.other_cpu)
        self.stack.callback(server.stop)
        return server

    def configuration(self, name, **values):
        """A peer's configuration with its capital words filled in."""
        text = (tools.PEERS / name).read_text()
        path = self.folder / name
        path.write_text(re.sub(r"\b(" + "|".join(values) + r")\b", lambda match: str(values[match[0]]), text))
        return path


def until_listening(port, process):
    def listens():
        assert process.is_running, f"{process.name} ended:\n{process.said[-2000:]}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(listens, 20, what=f"{process.name} listens")


def over_redis(redis):
    return ["--publish", "redis", "--redis", redis.url, "--redis-channel", "{channel}:{project}"]


def over_http(port):
    url = f"http://127.0.0.1:{port}/publish?project_id={{project}}"
    return ["--publish", "http", "--publish-url", url]


def tributary(bed, *, on_redis):
    port = free_port()
    command = [tools.tributary(), "serve", "--port", port, "--threads", 1, "--drain-seconds", 0]
    command += ["--max-streams", 30_000, "--log-level", "warning"]
    redis = bed.redis() if on_redis else None
    process = bed.process(command + (["--redis", redis.url] if redis else []))
    until_listening(port, process)
    url = STREAMS.format(port=port)
    if not redis:
        publish = ["--publish", "http", "--publish-url", f"http://127.0.0.1:{port}/publish"]
        return Running(url, publish, [process.pid], durable=publish)
    fcall = ["--publish", "fcall", "--redis", redis.url]
    return Running(url, over_redis(redis), [process.pid], durable=fcall)


def minimal(bed, *, coalesces):
    port, redis = free_port(), bed.redis()
    process = bed.process([tools.minimal(), "--redis", redis.port, *(["--coalesce"] if coalesces else []), port])
    until_listening(port, process)
    return Running(STREAMS.format(port=port), over_redis(redis), [process.pid])


def nchan(bed, *, on_redis):
    port = free_port()
    upstream = passing = ""
    if on_redis:
        upstream = f"upstream redis {{ nchan_redis_server {bed.redis().url}; }}"
        passing = "nchan_redis_pass redis;"
    path = bed.configuration("nchan.conf", FOLDER=bed.folder, PORT=port, UPSTREAM=upstream, REDIS=passing)
    process = bed.process(["nginx", "-p", bed.folder, "-c", path])
    until_listening(port, process)
    publish = over_http(port) + ["--publish-body", "{payload}"]
    return Running(STREAMS.format(port=port), publish, [process.pid], durable=publish)


def pushpin(bed):
    port, control, origin, redis = free_port(), free_port(), free_port(), bed.redis()
    path = bed.configuration("origin.conf", FOLDER=bed.folder, PORT=origin)
    process = bed.process(["nginx", "-p", bed.folder, "-c", path], server=False)
    until_listening(origin, process)
    (bed.folder / "routes").write_text(f"* 127.0.0.1:{origin}\n")
    path = bed.configuration("pushpin.conf", FOLDER=bed.folder, PORT=port, CONTROL=control)
    process = bed.process(["pushpin", f"--config={path}"])
    until_listening(control, process)
    until_listening(port, process)
    bed.process([sys.executable, tools.PEERS / "feed.py", redis.url, f"ipc://{bed.folder}/p-push"], server=False)
    # Redis counts channels, not patterns.
    until(lambda: redis.client.pubsub_numpat() == 1, 10, what="the feed listens")
    # With more at a time it answers some of them with 502.
    return Running(STREAMS.format(port=port), over_redis(redis), [process.pid], window=32)


def node(bed, *, coalesces):
    port, redis = free_port(), bed.redis()
    command = ["node", tools.PEERS / "hub.js", port, redis.port, *(["--coalesce"] if coalesces else [])]
    process = bed.process(command, environment={"NODE_PATH": "/usr/share/nodejs"})
    until_listening(port, process)
    return Running(STREAMS.format(port=port), over_redis(redis), [process.pid], durable=over_redis(redis))


def starlette(bed):
    port, redis = free_port(), bed.redis()
    command = [sys.executable, "-m", "uvicorn", "hub:app", "--app-dir", tools.PEERS, "--port", port]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    command += ["--backlog", 4096]
    process = bed.process(command, environment={"REDIS": redis.url})
    until_listening(port, process)
    return Running(STREAMS.format(port=port), over_redis(redis), [process.pid], durable=over_redis(redis))


@dataclass(frozen=True)
class Server:
    """One line of the tables."""

    name: str
    label: str
    # Starts it in a bed.
    start: object


SERVERS = [
    Server("tributary-redis", "**Tributary**, Redis", lambda bed: tributary(bed, on_redis=True)),
    Server("tributary-memory", "**Tributary**, memory", lambda bed: tributary(bed, on_redis=False)),
    Server("c-coalesced", "minimal C, coalesced", lambda bed: minimal(bed, coalesces=True)),
    Server("c", "minimal C, a send per event", lambda bed: minimal(bed, coalesces=False)),
    Server("nchan-memory", "nchan, memory", lambda bed: nchan(bed, on_redis=False)),
    Server("nchan-redis", "nchan, Redis", lambda bed: nchan(bed, on_redis=True)),
    Server("pushpin", "Pushpin", pushpin),
    Server("node", "Node hub", lambda bed: node(bed, coalesces=False)),
    Server("node-coalesced", "Node hub, coalesced", lambda bed: node(bed, coalesces=True)),
    Server("starlette", "Starlette hub", starlette),
]
