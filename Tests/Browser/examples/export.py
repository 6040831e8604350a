import json
import uuid

import redis

connection = redis.Redis()


def publish(project, channel, event, data, key=None):
    """Returns a durable event's id. With the same key it counts once in 24 hours, so a retry is safe."""
    more = ["CLIENT_MSG_ID", key] if key else []
    id, _ = connection.fcall("tributary_publish", 1, f"{{{project}}}", channel, event, json.dumps(data), *more)
    return id


def export(project, rows):
    job = {"id": str(uuid.uuid4()), "task_type": "export"}
    publish(project, "jobs", "job.started", job | {"status": "in_progress"}, key=f"{job['id']} started")
    for done, row in enumerate(rows, 1):
        print(row)
        publish(project, "jobs", "job.progress", job | {"progress": 100 * done // len(rows)})
    publish(project, "jobs", "job.completed", job | {"status": "completed"}, key=f"{job['id']} completed")


if __name__ == "__main__":
    export("p1", ["one", "two", "three"])
