"""A hub that answers what a test wants, and counts who asks."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class ScriptedHub:
    """`answer` is called with the handler for each request of a stream, and is what the test changes."""

    def __init__(self):
        self.answer = ScriptedHub.stream
        # When each stream was asked for, and with what.
        self.attempts = []
        self.closing = threading.Event()
        # What those streams say next that stay.
        self.said = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def allowed(self):
                self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
                self.send_header("Access-Control-Allow-Credentials", "true")
                self.send_header("Access-Control-Allow-Headers", "Authorization, Content-Type, Cache-Control")
                self.send_header("Access-Control-Expose-Headers", "Retry-After")

            def do_OPTIONS(self):
                self.refuse(204)

            def do_HEAD(self):
                self.do_GET()

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.refuse(204)

            def do_GET(self):
                parts = urlsplit(self.path)
                self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                if parts.path == "/history":
                    page = hub.history(self.query)
                    return self.refuse(503) if page is None else self.json(page)
                if self.command == "GET":
                    hub.attempts.append((time.monotonic(), self.query, self.headers.get("Authorization")))
                self.close_connection = True
                try:
                    hub.answer(self)
                except OSError:
                    pass

            def refuse(self, status, **fields):
                self.send_response(status)
                self.allowed()
                for name, value in fields.items():
                    self.send_header(name.replace("_", "-"), str(value))
                if status != 204:
                    self.send_header("Content-Length", "2")
                self.end_headers()
                if status != 204 and self.command != "HEAD":
                    self.wfile.write(b"{}")

            def json(self, value):
                body = json.dumps(value).encode()
                self.send_response(200)
                self.allowed()
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def begin(self, kind="text/event-stream; charset=utf-8"):
                self.send_response(200)
                self.allowed()
                self.send_header("Content-Type", kind)
                self.send_header("Connection", "close")
                self.end_headers()

            def frame(self, event, data, id=None):
                text = f"id: {id}\n" if id is not None else ""
                self.wfile.write(f"{text}event: {event}\ndata: {json.dumps(data)}\n\n".encode())
                self.wfile.flush()

            def connected(self, **more):
                cursor = self.query.get("from_seq")
                data = {"protocol": 1, "connection_id": "c", "channels": ["chat"], "events": ["message.new"], "latest_seq": 100}
                self.frame("connected", data | ({"from_seq": int(cursor)} if cursor else {}) | more)
                if cursor:
                    self.frame("replay.end", {"lastReplayedSeq": int(cursor), "more": False})

            def stay(self):
                """What the test says, and a heartbeat every second, until the other side goes or the test is over."""
                heard, due = len(hub.said), time.monotonic()
                while not hub.closing.wait(0.02):
                    for frame in hub.said[heard:]:
                        self.frame(*frame)
                        heard += 1
                    if time.monotonic() > due:
                        self.frame("heartbeat", {})
                        due += 1

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def stream(request):
        request.begin()
        request.connected()
        request.stay()

    def say(self, event, data, id=None):
        self.said.append((event, data, id))

    def history(self, query):
        return {"events": [], "more": False, "latest_seq": 100}

    def stop(self):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
