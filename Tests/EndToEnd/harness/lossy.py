"""A relay that loses, repeats and reorders: the messages of a Redis, tampered with on their way to a hub."""

import random
import re


class Tampering:
    """What happens to messages on topics that match; shared by all connections. Everything else passes."""

    def __init__(self, topics, seed, *, lose=0.0, repeat=0.0, swap=0.0):
        self.topics = re.compile(topics)
        self.chance = random.Random(seed)
        self.lose, self.repeat, self.swap = lose, repeat, swap
        self.lost = self.repeated = self.swapped = 0

    def stop(self):
        self.lose = self.repeat = self.swap = 0.0

    def connection(self):
        return Connection(self)


class Connection:
    """Bytes in, bytes out; works on whole replies of RESP2."""

    def __init__(self, tampering):
        self.tampering = tampering
        self.rest = b""
        self.held = b""

    def __call__(self, data):
        data = self.rest + data
        passed, position = [], 0
        while (end := reply_end(data, position)) is not None:
            passed.append(self.reply(data[position:end]))
            position = end
        self.rest = data[position:]
        return b"".join(passed)

    def reply(self, reply):
        tampering = self.tampering
        parts = reply.split(b"\r\n", 5)
        if not reply.startswith(b"*3\r\n$7\r\nmessage\r\n") or not tampering.topics.fullmatch(parts[4].decode()):
            return reply
        held, self.held = self.held, b""
        dice = tampering.chance.random()
        if dice < tampering.lose:
            tampering.lost += 1
            return held
        if dice < tampering.lose + tampering.repeat:
            tampering.repeated += 1
            return reply + held + reply
        if not held and dice < tampering.lose + tampering.repeat + tampering.swap:
            # It comes behind the next one.
            tampering.swapped += 1
            self.held = reply
            return b""
        return reply + held


def reply_end(data, position):
    """Where the reply ends that begins at `position`; None if it is not all there."""
    line_end = data.find(b"\r\n", position)
    if line_end < 0:
        return None
    kind, number = data[position : position + 1], data[position + 1 : line_end]
    position = line_end + 2
    if kind == b"$" and int(number) >= 0:
        position += int(number) + 2
    elif kind == b"*":
        for _ in range(int(number)):
            position = reply_end(data, position)
            if position is None:
                return None
    return position if position <= len(data) else None
