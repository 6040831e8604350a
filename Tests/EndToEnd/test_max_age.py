"""Streams that are as old as streams get come back by themselves."""

from harness.waiting import until


def test_a_stream_as_old_as_streams_get_is_told_to_come_back(start_hub):
    hub = start_hub("--max-stream-age-seconds", "2")
    with hub.stream(project_id="p", channels="chat") as stream:
        closing = stream.event("server_close", 10).json
        assert closing["reason"] == "max_age" and closing["reconnect"] is True
        assert 500 <= closing["retry_ms"] <= 3_000
        until(lambda: hub.stats()["streams"]["closed_total"].get("max_age") == 1, 5)
