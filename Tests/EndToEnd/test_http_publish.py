"""`POST /publish`: one event or many, each on its own."""

import httpx
import pytest

from harness.ports import free_port


def post(hub, content, **options):
    return httpx.post(hub.url + "/publish", content=content, timeout=10, **options)


def test_data_is_passed_on_byte_for_byte(hub):
    with hub.stream(project_id="p1") as stream:
        answer = post(hub, '{"channel":"chat","project_id":"p1","event":"message.new","id":"7","data":{"a": 1 }}')
        assert answer.status_code == 200
        assert answer.json() == {"id": 7, "duplicate": False}
        assert stream.event().raw == b'id: 7\nevent: message.new\ndata: {"a": 1 }\n\n'


def test_an_ephemeral_event_has_no_id_in_the_answer(hub):
    answer = post(hub, '{"channel":"chat","event":"typing.start","data":1}').json()
    assert answer.get("id") is None and answer["duplicate"] is False


def test_an_array_is_answered_item_by_item_in_order(hub):
    with hub.stream("chat,jobs", project_id="many") as stream:
        items = [
            '{"channel":"chat","project_id":"many","event":"message.new","id":5,"data": [1 ]}',
            '{"channel":"nowhere","project_id":"many","event":"message.new","data":1}',
            '{"channel":"chat","project_id":"many","event":"connected","data":1}',
            '{"channel":"job","project_id":"many","event":"job.progress","data":{"p":2}}',
            "7",
        ]
        answer = post(hub, "[" + ",\n".join(items) + "]")
        assert answer.status_code == 200
        answers = answer.json()
        assert len(answers) == len(items)
        assert answers[0] == {"id": 5, "duplicate": False}
        assert answers[3].get("id") is None and answers[3]["duplicate"] is False
        for refused in (1, 2, 4):
            assert answers[refused]["error"] and answers[refused]["message"]
        assert stream.event().raw == b"id: 5\nevent: message.new\ndata: [1 ]\n\n"
        assert stream.event().raw == b'event: job.progress\ndata: {"p":2}\n\n'
        stream.silence(0.2)


def test_to_a_user(hub):
    with hub.stream(project_id="to", user_id="u1") as mine, hub.stream(project_id="to", user_id="u2") as other:
        hub.publish("chat", "typing.start", 1, project="to", to={"user": "u1"})
        assert mine.event().data == "1"
        other.silence(0.2)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "7",
        "{}",
        '{"channel":"chat"}',
        '{"channel":"chat","event":"x.y"}',
        '{"event":"x.y","data":1}',
        '{"channel":"chat","event":"","data":1}',
        '{"channel":"chat","event":"a\\nb","data":1}',
        '{"channel":"chat","event":"a\\u0000b","data":1}',
        '{"channel":"chat","event":7,"data":1}',
        '{"channel":"nowhere","event":"x.y","data":1}',
        '{"channel":"chat","event":"x.y","data":nan}',
        '{"channel":"chat","event":"x.y","data":1,"project_id":"a b"}',
        '{"channel":"chat","event":"x.y","data":1,"to":"u1"}',
        '{"channel":"chat","event":"x.y","data":1,"to":{"user":"u1","role":"x"}}',
        '{"channel":"chat","event":"x.y","data":01}',
        '{"channel":"chat","event":"x.y","data":1}garbage',
        '{"channel":"chat","event":"x.y","data":1,"data":2}',
        b'{"channel":"chat","event":"x.y","data":"\xff\xfe"}',
        "[" * 5_000,
    ]
    + [
        f'{{"channel":"chat","event":"{name}","data":1}}'
        for name in (
            "connected",
            "subscribed",
            "gap",
            "heartbeat",
            "replay.end",
            "server_close",
            "error",
            "open",
            "message",
        )
    ],
)
def test_a_bad_body_is_refused_with_a_code_and_changes_nothing(hub, body):
    with hub.stream(None) as stream:
        answer = post(hub, body)
        assert answer.status_code in (400, 404, 422), answer.text
        problem = answer.json()
        assert problem["error"] == problem["error"].lower() and problem["message"]
        stream.silence(0.05)


def test_what_is_refused_is_counted_by_reason(hub):
    counts = lambda: hub.stats()["relay"]["rejected_total"]
    before = counts().get("reserved_event", 0)
    post(hub, '{"channel":"chat","event":"gap","data":1}')
    post(hub, '[{"channel":"chat","event":"gap","data":1},{"channel":"chat","event":"open","data":1}]')
    assert counts()["reserved_event"] == before + 3


def test_a_body_over_the_limit_is_refused(hub):
    answer = post(hub, '{"channel":"chat","event":"x.y","data":"' + "x" * (2 << 20) + '"}')
    assert answer.status_code == 413
    assert answer.json()["error"]
    just_below = '{"channel":"chat","event":"x.y","data":"' + "x" * ((1 << 20) - 2_000) + '"}'
    with hub.stream() as stream:
        assert post(hub, just_below).status_code == 200
        assert len(stream.event().data) == (1 << 20) - 1_998


def test_publishing_while_redis_is_away_is_503(start_hub):
    hub = start_hub(redis=f"redis://127.0.0.1:{free_port()}")
    answer = post(hub, '{"channel":"chat","event":"x.y","data":1}')
    assert answer.status_code == 503
    assert answer.json()["error"] == "relay_unavailable"


def test_chunked_bodies_are_read(hub):
    def chunks():
        yield b'{"channel":"chat","project_id":"chunked",'
        yield b'"event":"typing.start","data":{"in": "pieces"}}'

    with hub.stream(project_id="chunked") as stream:
        assert post(hub, chunks()).status_code == 200
        assert stream.event().data == '{"in": "pieces"}'
