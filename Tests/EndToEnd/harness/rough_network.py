"""A bad network between clients and hubs: it cuts connections and holds bytes back."""

from .worker import Worker


class RoughNetwork(Worker):
    """A TCP proxy in a process of its own; each target has a port of its own in front of it."""

    def __init__(self, targets, **options):
        super().__init__("rough_network_worker", **options)
        self.addresses = [("127.0.0.1", port) for port in self.ask("listen", targets=[list(t) for t in targets])]

    def cut(self, share=1.0, *, seed=0, reset=False):
        """Ends a share of the connections, half of a chunk possibly under way; returns how many.

        With `reset` what was not read yet is lost on both sides, as when a machine goes.
        """
        return self.ask("cut", share=share, seed=seed, reset=reset)

    def delay(self, seconds, lasting):
        """For a while, everything takes `seconds` longer, in both directions."""
        self.ask("delay", by=seconds, lasting=lasting)
