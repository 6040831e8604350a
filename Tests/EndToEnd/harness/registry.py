"""What the nodes share in Redis, read past the hub."""

import json

# A stream's keys; a user's `%`, `{`, `}` and `:` stand percent-encoded in them.
PARTS = ("streams", "instances", "streaminstances", "streammeta")


class Registry:
    """The connection registry and the presence of a Redis, under the standard prefix."""

    def __init__(self, server):
        self.client = server.client

    def keys(self, user, project="default"):
        return {part: f"tributary:{{{user}:{project}}}:{part}" for part in PARTS}

    def streams(self, user, project="default"):
        """The ids of the user's streams, sorted."""
        return sorted(id.decode() for id in self.client.zrange(self.keys(user, project)["streams"], 0, -1))

    def entries(self, user, project="default"):
        """All that is kept of the user's streams: the four keys, as Python values."""
        keys, text = self.keys(user, project), lambda pairs: {a.decode(): b.decode() for a, b in pairs.items()}
        return {
            "streams": self.streams(user, project),
            "instances": text(self.client.hgetall(keys["instances"])),
            "streaminstances": text(self.client.hgetall(keys["streaminstances"])),
            "streammeta": {a: json.loads(b) for a, b in text(self.client.hgetall(keys["streammeta"])).items()},
        }

    def all_keys(self):
        """The names of all keys that there are, but for what the nodes say of themselves."""
        names = {name.decode() for name in self.client.scan_iter(count=1_000)}
        return {name for name in names if ":{nodes}:" not in name}

    def stream_keys(self):
        return {name for name in self.all_keys() if name.rpartition(":")[2] in PARTS}

    def presence_keys(self):
        return {name for name in self.all_keys() if name.endswith((":presence", ":presence:deadlines"))}
