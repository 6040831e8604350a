"""Clients that mean no good: streams beside them keep their heartbeats and events, and the hub its memory and its files."""

import pytest

from harness.attack import Attack
from harness.bystanders import Bystanders
from harness.hub import Hub
from harness.ports import own_address
from harness.requesting import client
from harness.waiting import until

pytestmark = [pytest.mark.alone, pytest.mark.slow]

# More than any attack gets done: it goes on until the test has seen what it wants to.
ENDLESS = 1 << 40
HEAD = "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
TOKEN = "an-operators-own-token"


@pytest.fixture(scope="module")
def slow_bodies():
    """Bodies that never end, each on a connection of its own to a hub of their own; they have 60 s, and are awaited last."""
    hub, attack = Hub(), Attack()
    try:
        attack.begin(
            hub.address, count=200, at_once=200, opening=[HEAD + "Content-Length: 1000\r\n\r\n{"], then=[" "], drip=3.0
        )
        yield attack
    finally:
        attack.stop()
        hub.stop()


@pytest.fixture(scope="module")
def hub(slow_bodies):
    hub = Hub("--admin-token", TOKEN)
    yield hub
    hub.stop()


@pytest.fixture
def bystanders(hub, stopping):
    return stopping(Bystanders(hub))


@pytest.fixture
def attack(stopping):
    return stopping(Attack())


def answered(attack, name, count, seconds=60.0):
    """Waits until so many of the attacker's requests got this answer; returns the last progress."""
    last = {}

    def enough():
        last.update(attack.progress())
        return last["answers"].get(name, 0) >= count

    until(enough, seconds, every=0.1, what=f"{count} × {name}; the last of it {last}")
    return last


def test_5000_heads_that_never_end(hub, bystanders, attack, report):
    attack.begin(
        hub.address, count=5_000, at_once=5_000, opening=["GET /stats HTTP/1.1\r\nX-Slow: "], then=["y"], drip=2.0
    )
    until(lambda: attack.progress()["open"] == 5_000, 30, what="all of them are there")
    bystanders.all_beat()
    answered(attack, "408 request_timeout", 5_000)
    until(lambda: attack.progress()["open"] == 0, 30, what="all of them are closed")
    result = attack.end()
    assert result["answers"] == {"408 request_timeout": 5_000} and result["unanswered"] == 0, result
    report(f"5,000 half heads took {bystanders.most_resident - bystanders.resident >> 20} MiB")
    bystanders.check()


def test_a_flood_of_requests_with_bad_credentials(hub, bystanders, attack, report):
    said, used = len(hub.errors), hub.cpu_seconds
    request = "GET /connections HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n"
    with attack.going(hub.address, count=ENDLESS, at_once=50, opening=[request], requests=100, leaves=True):
        bystanders.all_beat()
        refused = answered(attack, "401 unauthorized", 5_000)
    assert refused["answers"].keys() == {"401 unauthorized"} and refused["unanswered"] == 0, refused
    count, used = refused["answers"]["401 unauthorized"], hub.cpu_seconds - used
    report(f"{count} refusals, {used / count * 1e6:.0f} µs of the hub's processor each")
    # At most a line a second, whatever the flood; nothing at all would do.
    assert len(hub.errors) - said < 60, hub.errors[said : said + 20]
    bystanders.check()


def test_a_flood_of_connections_from_one_address(start_hub, stopping, attack, report):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    hub = start_hub("--hostname", "0.0.0.0", "--auth", "none")
    hub.address, hub.url = ("127.0.0.1", hub.port), f"http://127.0.0.1:{hub.port}"
    bystanders = stopping(Bystanders(hub))
    request = "GET /stream?channels=chat&project_id=flood HTTP/1.1\r\nHost: x\r\n\r\n"
    with attack.going(
        (address, hub.port), source=address, count=ENDLESS, at_once=200, opening=[request], leaves=True
    ):
        bystanders.all_beat()
        result = answered(attack, "429 too_many_connects", 1_000)
        refused = None

        def is_refused():
            nonlocal refused
            with client.stream("GET", f"http://{address}:{hub.port}/stream", params={"channels": "chat"}) as answer:
                refused = answer
                return answer.status_code == 429

        until(is_refused, 10, what="the same address is refused")
        assert int(refused.headers["retry-after"]) >= 1
        # Others are not.
        with hub.stream(project_id="beside") as stream:
            assert stream.status == 200
    assert result["answers"].keys() <= {"200", "429 too_many_connects"} and not result["failed"], result
    report(f"{result['started']} connections, {result['answers']}")
    bystanders.check()


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_bodies_of_100_megabytes(hub, bystanders, attack, framing):
    if framing == "length":
        opening, part = HEAD + "Content-Length: 104857600\r\n\r\n", "x" * (1 << 16)
    else:
        opening, part = HEAD + "Transfer-Encoding: chunked\r\n\r\n", "10000\r\n" + "x" * (1 << 16) + "\r\n"
    with attack.going(hub.address, count=ENDLESS, at_once=50, opening=[opening], then=[part], then_count=1_600):
        bystanders.all_beat()
        result = answered(attack, "413 body_too_large", 100)
    assert result["answers"].keys() == {"413 body_too_large"}, result
    bystanders.check()


def test_hundreds_of_bodies_that_lack_their_last_byte(hub, bystanders, attack, report):
    """Each of them is within the limit; together they are not: those that wait longest have to go."""
    opening = [HEAD + "Content-Length: 1048576\r\n\r\n", ["x", (1 << 20) - 1]]
    with attack.going(hub.address, count=400, at_once=400, opening=opening):
        until(lambda: attack.progress()["sent"] > 200 << 20 or attack.progress()["ended"] > 50, 60)
        bystanders.all_beat()
        until(lambda: attack.progress()["ended"] >= 300, 60, what="those that wait longest are gone")
    report(f"400 bodies took {bystanders.most_resident - bystanders.resident >> 20} MiB")
    # 64 MiB of bodies, and what of others is on its way.
    bystanders.check(grown=144 << 20)


BOMBS = {
    "a megabyte of headers": (["GET /stats HTTP/1.1\r\nHost: x\r\n", ["X-Pad: " + "y" * 1_000 + "\r\n", 1_000]], 431),
    "10,000 small headers": (["GET /stats HTTP/1.1\r\nHost: x\r\n", ["a: b\r\n", 10_000], "\r\n"], 431),
    "a header line without end": (["GET /stats HTTP/1.1\r\nX-Pad: ", ["y" * 1_000, 10_000]], 431),
    "a header name without end": (["GET /stats HTTP/1.1\r\n", ["y" * 1_000, 10_000]], 431),
    "a target without end": (["GET /", ["y" * 1_000, 10_000]], 431),
    "a method without end": ([["A" * 1_000, 10_000]], 400),
    "line ends without end": ([["\r\n" * 500, 10_000]], 431),
    "spaces without end": (["GET /stats HTTP/1.1\r\nX-Pad:", [" " * 1_000, 10_000]], 431),
    "trailers without end": (
        [HEAD, "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", ["a: " + "b" * 1_000 + "\r\n", 10_000]],
        431,
    ),
    "a chunk extension without end": ([HEAD, "Transfer-Encoding: chunked\r\n\r\n2;", ["a" * 1_000, 10_000]], 413),
    "chunks of a byte with long extensions": (
        [HEAD, "Transfer-Encoding: chunked\r\n\r\n", ["1;" + "a" * 1_000 + "\r\nx\r\n", 10_000]],
        413,
    ),
    "a chunk size without end": ([HEAD, "Transfer-Encoding: chunked\r\n\r\n", ["0" * 1_000, 10_000]], 413),
}


def test_heads_and_chunks_that_are_bombs(hub, bystanders, attack):
    for name, (opening, status) in BOMBS.items():
        attack.begin(hub.address, count=20, at_once=20, opening=opening)
        until(lambda: attack.progress()["open"] == 0, 20, what=f"{name}: closed")
        answers = attack.end()["answers"]
        statuses = {int(answer.split()[0]): count for answer, count in answers.items()}
        assert statuses == {status: 20}, (name, answers)
    bystanders.all_beat()
    bystanders.check()


def test_thousands_of_requests_whose_answers_nobody_reads(hub, bystanders, attack, report):
    request = "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n"
    with attack.going(
        hub.address, count=50, at_once=50, opening=[request], then=[[request, 1_000]], then_count=1_000, reads=False
    ):
        bystanders.all_beat()
        report(f"{attack.progress()['sent'] // len(request)} requests went in")
    bystanders.check()


def test_more_connections_than_the_process_has_files(start_hub, stopping, attack, report):
    """Those that wait longest go, so that whoever says what it wants is served."""
    hub = start_hub(files=512)
    bystanders = stopping(Bystanders(hub))
    opening = ["GET /stats HTTP/1.1\r\nX-Slow: "]
    most = 0
    with attack.going(hub.address, count=ENDLESS, at_once=800, opening=opening, then=["y"], drip=1.0):
        until(lambda: attack.progress()["ended"] > 1_000, 60, what="they come and go")
        for _ in range(5):
            most = max(most, bystanders.open_files)
            with hub.stream(project_id="new", seconds=30) as stream:
                assert stream.status == 200
        bystanders.all_beat()
    assert most < 500, f"{most} files"
    assert not any("open files" in line for line in hub.errors), hub.said[-2_000:]
    report(f"at most {most} files, {len(hub.errors)} lines in the log")
    bystanders.check()


@pytest.mark.timeout(240)
def test_bodies_that_never_end(slow_bodies):
    answered(slow_bodies, "408 request_timeout", 200, seconds=90)
    until(lambda: slow_bodies.progress()["open"] == 0, 20, what="all of them are closed")
