"""`serve --data FILE`: a single node whose timeline outlives it."""

import itertools
import signal
import threading
import time

import httpx
import pytest

from harness.hub import tributary
from harness.resuming import Resumed, publish_all, publish_numbers
from harness.timelines import history


@pytest.fixture
def file(tmp_path):
    return tmp_path / "log.sqlite"


def test_a_restart_loses_nothing(start_hub, file):
    hub = start_hub("--data", file, "--drain-seconds", 0)
    ids = publish_numbers(hub, "p1", range(20))
    ids += publish_numbers(hub, "p1", range(20, 30), "jobs", to={"user": "u1"})
    own = publish_all(hub, "own", [{"id": id, "data": id} for id in (10, 12, 11)])
    before = history(hub.url, "p1", user_id="u1")
    hub.signal(signal.SIGTERM)
    assert hub.wait(10) == 0, hub.said
    hub = start_hub("--data", file)
    assert history(hub.url, "p1", user_id="u1") == before
    with Resumed(hub, "p1", "chat,jobs", from_seq=ids[4], user_id="u1") as resumed:
        resumed.assert_whole(ids[5:])
    with Resumed(hub, "p1", "chat,jobs", from_seq=ids[4]) as resumed:
        resumed.assert_whole(ids[5:20])
    with Resumed(hub, "own", from_seq=12) as resumed:
        resumed.assert_whole([11])
    assert own == [10, 12, 11]
    # It goes on where it ended, with the owners that it had.
    assert publish_numbers(hub, "p1", [1])[0] > ids[-1]
    body = {"channel": "chat", "project_id": "own", "event": "message.new", "data": 1}
    assert httpx.post(hub.url + "/publish", json=body).status_code == 409
    assert hub.publish("chat", "message.new", 1, project="own", id=12) == {"id": 12, "duplicate": True}


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_acknowledged(start_hub, file):
    """Several times in the middle of writing, with the same file and retries of what was not answered."""
    acknowledged, doubts = {}, set()
    numbers = itertools.count()
    hub = start_hub("--data", file)
    for _ in range(6):
        ending = threading.Event()
        lock = threading.Lock()

        def publish(url, ending=ending, lock=lock):
            with httpx.Client(timeout=5) as client:
                while not ending.is_set():
                    with lock:
                        number = doubts.pop() if doubts else next(numbers)
                    body = {"channel": "chat", "project_id": "p1", "event": "message.new", "data": {"n": number}}
                    body["client_msg_id"] = f"m-{number}"
                    try:
                        answer = client.post(url + "/publish", json=body)
                    except httpx.HTTPError:
                        with lock:
                            doubts.add(number)
                        return
                    assert answer.status_code == 200, answer.text
                    acknowledged[number] = answer.json()["id"]

        count = len(acknowledged)
        threads = [threading.Thread(target=publish, args=(hub.url,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < count + 150 and any(thread.is_alive() for thread in threads):
            time.sleep(0.005)
        hub.kill()
        ending.set()
        for thread in threads:
            thread.join(10)
        hub = start_hub("--data", file)
        log = {}
        for event in history(hub.url, "p1"):
            assert event["data"]["n"] not in log, "twice in the log"
            log[event["data"]["n"]] = event["id"]
        for number, id in acknowledged.items():
            assert log.get(number) == id, f"{number} was acknowledged as {id}, the log has {log.get(number)}"
        assert set(log) - set(acknowledged) <= doubts
        assert list(log.values()) == sorted(log.values())
    with Resumed(hub, "p1", from_seq=list(log.values())[-50]) as resumed:
        resumed.assert_whole(list(log.values())[-49:])


def test_a_client_msg_id_is_remembered_over_a_restart(start_hub, file):
    hub = start_hub("--data", file)
    first = hub.publish("chat", "message.new", 1, project="p1", client_msg_id="m-1")
    hub.kill()
    hub = start_hub("--data", file)
    again = hub.publish("chat", "message.new", 1, project="p1", client_msg_id="m-1")
    assert again == {"id": first["id"], "duplicate": True}
    assert len(history(hub.url, "p1")) == 1


def refused(*arguments):
    """The hub does not start; returns what it says."""
    process = tributary("serve", "--port", 0, *arguments)
    try:
        assert process.wait(15) != 0
    finally:
        process.kill()
    assert "Fatal error" not in process.said
    return process.said


def test_a_file_that_another_hub_uses_is_refused(start_hub, file):
    start_hub("--data", file)
    assert str(file) in refused("--data", file)


def test_a_file_that_is_no_database_is_refused_and_left_alone(file):
    file.write_text("This is my diary.\n" * 100)
    assert str(file) in refused("--data", file)
    assert file.read_text() == "This is my diary.\n" * 100


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path):
    assert "nowhere" in refused("--data", tmp_path / "nowhere" / "log.sqlite")


def test_a_file_and_redis_exclude_each_other(redis, file):
    said = refused("--data", file, "--redis", redis.url)
    assert "data" in said and "redis" in said
