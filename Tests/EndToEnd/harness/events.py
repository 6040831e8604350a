"""A strict reader of event streams that keeps each frame's bytes.

Stricter than a browser on purpose: the hub writes LF line ends, known fields, and one space after the colon.
"""

import json
from dataclasses import dataclass, field


@dataclass
class Frame:
    raw: bytes
    event: str | None = None
    id: str | None = None
    data: str | None = None
    retry: int | None = None
    comments: list[str] = field(default_factory=list)

    @property
    def json(self):
        return json.loads(self.data)

    @property
    def is_heartbeat(self):
        return self.raw == b": heartbeat\n\n" or self.event == "heartbeat"


def parse(raw):
    """The frame that stands in `raw`, which ends with an empty line."""
    frame, lines = Frame(raw), []
    for line in raw.decode("utf-8").removesuffix("\n\n").split("\n"):
        name, colon, value = line.partition(": ")
        if line.startswith(":"):
            frame.comments.append(line[1:].strip())
        elif not colon:
            raise AssertionError(f"a line without a field: {line!r} in {raw!r}")
        elif name == "data":
            lines.append(value)
        elif name in ("event", "id") and getattr(frame, name) is None:
            setattr(frame, name, value)
        elif name == "retry":
            frame.retry = int(value)
        else:
            raise AssertionError(f"an unknown or repeated field: {line!r} in {raw!r}")
    if lines:
        frame.data = "\n".join(lines)
    return frame
