"""Redis' pub/sub loses, repeats and reorders messages on their way to the hub; streams notice nothing of it."""

import json

import pytest

from harness.lossy import Tampering
from harness.resuming import LASTING, PASSING, publish_numbers
from harness.waiting import until

FAULTS = {
    "lost": {"lose": 0.2},
    "repeated": {"repeat": 0.2},
    "out of order": {"swap": 0.2},
    "all of it": {"lose": 0.1, "repeat": 0.1, "swap": 0.1},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_streams_get_every_durable_event_once_and_in_order(start_hub, start_redis, start_proxy, fault):
    redis = start_redis()
    tampering = Tampering(r"(chat|jobs):lossy", 3, **fault)
    proxy = start_proxy(("127.0.0.1", redis.port), rewrite=tampering.connection)
    hub = start_hub(redis=f"redis://127.0.0.1:{proxy.address[1]}").wait_until_ready()
    other = start_hub(redis=redis).wait_until_ready()
    streams = {channels: hub.stream(channels, project_id="lossy") for channels in ("chat,jobs", "chat", "jobs")}
    log = []
    for number in range(300):
        channel = ("chat", "jobs")[number * 7 % 10 > 5]
        # Some of the hub's own, some of others.
        if number % 3:
            (id,) = publish_numbers((hub, other)[number % 2], "lossy", [number], channel)
        else:
            call = ("FCALL", "tributary_publish", 1, "{lossy}", channel, LASTING[channel], json.dumps({"n": number}))
            id = redis.client.execute_command(*call)[0]
        log.append((channel, id))
        if number % 5 == 0:
            other.publish(channel, PASSING[channel], {"n": number}, project="lossy")
    # What is lost at the very end is noticed with the next event.
    tampering.stop()
    for channel in ("chat", "jobs"):
        log.append((channel, publish_numbers(other, "lossy", ["last"], channel)[0]))
    assert tampering.lost + tampering.repeated + tampering.swapped > 20
    for channels, stream in streams.items():
        expected = [id for channel, id in log if channel in channels.split(",")]
        seen = []
        while not seen or seen[-1] != expected[-1]:
            frame = stream.event()
            if frame.id is not None:
                seen.append(int(frame.id))
            else:
                assert frame.event in PASSING.values() or (frame.event == "gap" and "from" not in frame.json), frame
        assert seen == expected
        stream.close()


def test_a_private_event_that_was_lost_reaches_its_user_and_nobody_else(start_hub, start_redis, start_proxy):
    redis = start_redis()
    tampering = Tampering(r"chat:lossy", 3, lose=1.0)
    proxy = start_proxy(("127.0.0.1", redis.port), rewrite=tampering.connection)
    hub = start_hub(redis=f"redis://127.0.0.1:{proxy.address[1]}").wait_until_ready()
    one = hub.stream(project_id="lossy", user_id="u1")
    two = hub.stream(project_id="lossy", user_id="u2")
    (private,) = publish_numbers(hub, "lossy", [1], to={"user": "u1"})
    until(lambda: tampering.lost == 1, 5)
    tampering.stop()
    (public,) = publish_numbers(hub, "lossy", [2])
    assert [one.event().id for _ in range(2)] == [str(private), str(public)]
    assert two.event().id == str(public)
    for stream in (one, two):
        stream.silence(0.2)
        stream.close()
