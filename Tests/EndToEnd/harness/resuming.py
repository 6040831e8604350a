"""A stream that resumes, and everything that it was given before it went live."""

import json
import uuid

from .requesting import client

# An event that leaves no trace, for each channel.
PASSING = {"chat": "typing.stop", "jobs": "job.progress", "presence": "presence.changed"}
LASTING = {"chat": "message.new", "jobs": "job.started"}


def publish_all(hub, project, bodies):
    """`POST /publish` of many events; returns their ids."""
    ids = []
    for start in range(0, len(bodies), 500):
        items = [{"project_id": project, "channel": "chat", "event": "message.new"} | b for b in bodies[start:][:500]]
        answer = client.post(hub.url + "/publish", json=items, timeout=30)
        assert answer.status_code == 200, answer.text
        items = answer.json()
        assert all("id" in item for item in items), items[:3]
        ids += [item["id"] for item in items]
    return ids


def publish_numbers(hub, project, numbers, channel="chat", **more):
    """Durable events with `{"n":…}`; returns their ids."""
    event = LASTING[channel]
    return publish_all(
        hub, project, [{"channel": channel, "event": event, "data": {"n": number}} | more for number in numbers]
    )


class Resumed:
    """Opens a stream and reads up to an ephemeral event that was published once it was open."""

    def __init__(self, hub, project, channels="chat", *, seconds=20.0, headers=None, **query):
        self.stream = hub.stream(channels, project_id=project, headers=headers, seconds=seconds, **query)
        self.connected = self.stream.greeting.json
        mark = uuid.uuid4().hex
        channel = channels.split(",")[0]
        hub.publish(channel, PASSING[channel], {"mark": mark}, project=project)
        self.frames = []
        while True:
            frame = self.stream.event()
            if frame.data and mark in frame.data:
                break
            self.frames.append(frame)

    @property
    def ids(self):
        return [int(frame.id) for frame in self.frames if frame.id is not None]

    @property
    def names(self):
        return [frame.event for frame in self.frames]

    @property
    def data(self):
        return [frame.json for frame in self.frames if frame.id is not None]

    def all(self, name):
        return [json.loads(frame.data) for frame in self.frames if frame.event == name]

    @property
    def gaps(self):
        return self.all("gap")

    @property
    def end(self):
        """The one `replay.end`."""
        (end,) = self.all("replay.end")
        return end

    def assert_whole(self, ids):
        """Exactly these were replayed, and nothing was lost."""
        assert self.connected["recovered"] is True, self.connected
        assert self.ids == list(ids)
        assert self.gaps == [] and self.end["more"] is False
        assert self.end["replayed"] == self.end["totalAvailable"] == len(self.ids)
        assert self.names[-1] == "replay.end", self.names

    def close(self):
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
