"""A small web application with sessions, as there are many: it knows nothing of streams but one endpoint, which reads the
session like all others do."""

import json
import secrets
import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

FORM = """<!doctype html><title>Sign in</title><form method=post action=/login>
<input name=user><input name=password type=password><button>Sign in</button></form>"""


class Application:
    """Users sign in with a form and are members of projects. Listens when the constructor returns."""

    def __init__(self, members, *, ttl=60, secret=None):
        self.members = {project: set(users) for project, users in members.items()}
        self.ttl, self.secret = ttl, secret
        self.sessions = {}
        # What the hub asked, in order.
        self.questions = []
        self._answering = threading.Event()
        self._answering.set()
        self._server = None
        self.port = 0
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Listens, on the same port each time."""
        application = self

        class Handler(_Handler):
            app = application

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def hang(self):
        """From now on questions get no answer until `go_on`."""
        self._answering.clear()

    def go_on(self):
        self._answering.set()

    def stop(self):
        """Nobody listens any more. Safe to call twice."""
        self.go_on()
        if self._server is not None:
            self._server.shutdown()
            self._server.end_connections()
            self._server.server_close()
            self._server = None

    def authorize(self, user, question):
        """What the application says of a question, the status and the answer."""
        self.questions.append((user, question))
        self._answering.wait(60)
        if user is None:
            return 401, {"error": "sign in"}
        if user not in self.members.get(question["project_id"], ()):
            return 200, {"allow": False}
        return 200, {"allow": True, "user_id": user, "user_type": "member", "ttl": self.ttl}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, *arguments):
        self.connections = set()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self):
        for connection in list(self.connections):
            self.shutdown_request(connection)

    def handle_error(self, request, client_address):
        """A connection that ends is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def current_user(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        return self.app.sessions.get(cookie.value) if cookie else None

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self):
        user = self.current_user()
        if self.path == "/login":
            self.answer(200, FORM)
        elif self.path == "/" and user:
            self.answer(200, f"<!doctype html><title>Home</title><h1>Hello {user}</h1>")
        elif self.path == "/":
            self.answer(303, "", Location="/login")
        else:
            self.answer(404, "")

    def do_POST(self):
        body = self.body()
        if self.path == "/login":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            if form.get("password") != "right":
                self.answer(403, FORM)
                return
            id = secrets.token_hex(16)
            self.app.sessions[id] = form["user"]
            cookie = f"session={id}; Path=/; HttpOnly; SameSite=Lax"
            self.answer(303, "", **{"Set-Cookie": cookie, "Location": "/"})
        elif self.path == "/logout":
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
            self.app.sessions.pop(cookie.value if cookie else None, None)
            self.answer(303, "", Location="/login")
        elif self.path == "/authorize":
            if self.headers.get("X-Tributary-Authorize") != self.app.secret:
                self.answer(404, "")
                return
            status, answer = self.app.authorize(self.current_user(), json.loads(body))
            self.answer(status, json.dumps(answer), "application/json")
        else:
            self.answer(404, "")

    def answer(self, status, text, kind="text/html", **headers):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Says nothing: pytest shows what matters."""
