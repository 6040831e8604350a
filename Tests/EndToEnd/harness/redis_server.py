"""A real Redis on a free port, in a directory of its own."""

import json
import signal
import subprocess

import redis

from .ports import free_port
from .processes import MARK, MARK_VALUE, Process
from .waiting import until


class RedisServer:
    def __init__(self, directory, *options, port=None, cpus=None):
        self.directory = directory
        self.port = port or free_port()
        self.socket = directory / "redis.sock"
        self.options = options
        self.cpus = cpus
        self.process = None
        self.client = redis.Redis(port=self.port, socket_timeout=10)
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        """Starts it, or starts it again on the same port; nothing is kept across restarts."""
        self.process = Process(
            [
                "redis-server",
                "--port",
                self.port,
                "--bind",
                "127.0.0.1",
                "--dir",
                self.directory,
                "--save",
                "",
                "--appendonly",
                "no",
                "--daemonize",
                "no",
                "--unixsocket",
                self.socket,
                *self.options,
            ],
            cpus=self.cpus,
        )
        self.process.line("eady to accept connections")

    def kill(self):
        self.process.kill()

    def pause(self):
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)

    def stop(self):
        self.client.close()
        self.process.kill()

    def publish(self, channel, envelope):
        """Publishes, and returns how many subscribers Redis handed it to."""
        return self.client.publish(channel, envelope if isinstance(envelope, (bytes, str)) else json.dumps(envelope))

    def wait_for_subscriber(self, channel, count=1, seconds=10.0):
        """Waits until so many connections subscribe to the channel."""
        until(lambda: self.client.pubsub_numsub(channel)[0][1] >= count, seconds, what=f"{channel} has a subscriber")

    def cli(self, *arguments):
        """`redis-cli`, as a person would type it."""
        return subprocess.run(
            ["redis-cli", "-p", str(self.port), *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=10,
            env={"PATH": "/usr/bin:/bin", MARK: MARK_VALUE},
        ).stdout.strip()
