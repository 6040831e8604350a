"""Clients that mean no good, thousands of them, in a process of their own."""

from contextlib import contextmanager

from .worker import Worker


class Attack(Worker):
    """The handle of one attacking process; one attack at a time."""

    def __init__(self, **options):
        super().__init__("attack_worker", **options)

    def begin(self, address, **options):
        """Begins; see `attack_worker.Plan` for what it takes. Texts are sent as Latin-1; a pair is a text and how often."""
        for name in ("opening", "then"):
            if name in options:
                options[name] = [[part, 1] if isinstance(part, str) else list(part) for part in options[name]]
        self.ask("begin", host=address[0], port=address[1], **options)

    def progress(self):
        """What has come of it: `started`, `open`, `ended`, `unanswered`, `sent` (bytes), `answers` (`"408 request_timeout"` → count)."""
        return self.ask("progress")

    def end(self):
        """Closes what is open, and returns what came of it all."""
        return self.ask("end")

    @contextmanager
    def going(self, address, **options):
        self.begin(address, **options)
        try:
            yield self
        finally:
            if self.process.is_running:
                self.end()
