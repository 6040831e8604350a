"""Garbage through `PUBLISH`: refused, counted by reason, and without a trace on any stream."""

import json
import random

import pytest

RESERVED = ["connected", "subscribed", "gap", "heartbeat", "replay.end", "server_close", "error", "open", "message"]

BAD = {
    "malformed_envelope": [
        b"",
        b" ",
        b"{",
        b"}",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"{}x",
        b'{"event":"a.b","data":1}}',
        b'{"event":"a.b","data":}',
        b'{"event":"a.b","data":1,}',
        b'{"event":"a.b" "data":1}',
        b"{'event':'a.b','data':1}",
        b'{"event":"a.b","data":NaN}',
        b'{"event":"a.b","data":01}',
        b'{"event":"a.b","data":+1}',
        b'{"event":"a.b","data":.5}',
        b'{"event":"a.b","data":1.}',
        b'{"event":"a.b","data":"\xff"}',
        b'{"event":"a.b","data":"\xed\xa0\x80"}',
        b'{"event":"a.b","data":"\xc0\xaf"}',
        b'{"event":"a.b","data":"\n"}',
        b'{"event":"a.b","data":"\\x"}',
        b'{"event":"a.b","data":"\\u12"}',
        b'{"event":"a.b","data":tru}',
        b'{"event":"a.b","data":1,"data":2}',
        b'{"event":"a.b","event":"c.d","data":1}',
        b'{"event":"a.b","data":"open',
        b"\xef\xbb\xbf" + b'{"event":"a.b","data":1}',
        b"\x00" * 100,
        b'{"event":"a.b","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"event":"a.b","data":1}\x00',
    ],
    "missing_event": [b"{}", b'{"data":1}'],
    "invalid_event": [
        b'{"event":"","data":1}',
        b'{"event":7,"data":1}',
        b'{"event":null,"data":1}',
        b'{"event":"a\\nb","data":1}',
        b'{"event":"a\\r","data":1}',
        b'{"event":"a\\u0000","data":1}',
        b'{"event":"a\\u2028b\\n","data":1}',
        b'{"event":"' + b"x" * 300 + b'","data":1}',
        b'{"event":["a"],"data":1}',
    ],
    "reserved_event": [json.dumps({"event": name, "data": 1}).encode() for name in RESERVED]
    + [b'{"event":"connec\\u0074ed","data":1}'],
    "missing_data": [b'{"event":"a.b"}'],
    "invalid_recipient": [
        b'{"event":"a.b","data":1,"to":"u1"}',
        b'{"event":"a.b","data":1,"to":{}}',
        b'{"event":"a.b","data":1,"to":{"user":7}}',
        b'{"event":"a.b","data":1,"to":{"user":""}}',
        b'{"event":"a.b","data":1,"to":{"user":"u","role":"r"}}',
        b'{"event":"a.b","data":1,"to":[]}',
        b'{"event":"a.b","data":1,"to":{"project":"p"}}',
    ],
    "too_large": [b'{"event":"a.b","data":"' + b"x" * (2 << 20) + b'"}', b"\xaa" * (2 << 20)],
}


def rejected(hub):
    return hub.stats()["relay"]["rejected_total"]


@pytest.mark.parametrize("reason", BAD)
def test_it_is_counted_by_its_reason_and_reaches_nobody(redis_hub, redis, reason):
    before = rejected(redis_hub).get(reason, 0)
    with redis_hub.stream(None, project_id="bad", user_id="u1") as stream:
        for envelope in BAD[reason]:
            redis.publish("chat:bad", envelope)
        redis.publish("chat:bad", '{"event":"after.garbage","data":1}')
        stream.event("after.garbage")
        told = {frame.event for frame in stream.frames} - {None, "connected", "presence.snapshot", "presence.changed"}
        assert told == {"after.garbage"}
    assert rejected(redis_hub).get(reason, 0) - before == len(BAD[reason]), rejected(redis_hub)


def test_random_bytes_and_mutated_envelopes_do_no_harm(redis_hub, redis):
    seed = random.Random(20260)
    good = b'{"event":"message.new","id":"7","to":{"user":"u9"},"data":{"a": [1,2,{"b":"\\u00e9\xc3\xa9"}]}}'
    with (
        redis_hub.stream(None, project_id="random", user_id="u1", seconds=30) as stream,
        redis.client.pipeline(False) as pipeline,
    ):
        for round in range(5_000):
            if round % 2:
                envelope = seed.randbytes(seed.randrange(200))
            else:
                mutated = bytearray(good)
                for _ in range(seed.randrange(1, 4)):
                    place = seed.randrange(len(mutated))
                    mutated[place : place + seed.randrange(2)] = seed.randbytes(seed.randrange(3))
                envelope = bytes(mutated)
            pipeline.publish(("chat:random", "jobs:random", "chat")[round % 3], envelope)
        pipeline.execute()
        redis.publish("chat:random", '{"event":"after.garbage","data":1}')
        stream.event("after.garbage")
        for frame in stream.frames:
            assert frame.event not in RESERVED[1:], frame
            json.loads(frame.data)
    assert redis_hub.is_ready()


@pytest.mark.parametrize(
    "channel", ["nowhere:p1", "chat:a b", "chat:", ":p1", "chat:" + "x" * 500, "chat:p1:x\n", "\xff\xfe"]
)
def test_channels_that_nobody_listens_to_are_no_trouble(redis_hub, redis, channel):
    with redis_hub.stream(None, project_id="p1") as stream:
        redis.publish(channel, '{"event":"message.new","data":1}')
        stream.silence(0.1)


def test_the_hub_logs_a_flood_of_garbage_at_most_once_a_second_and_reason(start_hub, start_redis):
    redis = start_redis()
    hub = start_hub(redis=redis).wait_until_ready()
    with hub.stream(project_id="flood", seconds=30) as stream:
        before = len(hub.output) + len(hub.errors)
        with redis.client.pipeline(False) as pipeline:
            for _ in range(20_000):
                pipeline.publish("chat:flood", b"{")
            pipeline.publish("chat:flood", b'{"event":"after.garbage","data":1}')
            pipeline.execute()
        stream.event("after.garbage")
        assert hub.stats()["relay"]["rejected_total"]["malformed_envelope"] == 20_000
        assert len(hub.output) + len(hub.errors) - before < 30


def test_the_rejections_table_does_not_grow_with_what_strangers_write(redis_hub, redis):
    with redis_hub.stream(project_id="labels") as stream:
        for number in range(50):
            redis.publish("chat:labels", json.dumps({"event": f"bad\n{number}", "data": 1}))
        redis.publish("chat:labels", '{"event":"after.garbage","data":1}')
        stream.event("after.garbage")
    assert len(rejected(redis_hub)) < 20
