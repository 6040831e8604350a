"""Who may ask for what: every route with every kind of credential, and the one right answer to each."""

import http.client
import itertools
import json
import secrets
from dataclasses import dataclass

import pytest

from harness.credentials import Issuer, Request, key_pair
from harness.hub import Hub

APP, EVIL = "https://app.example", "https://evil.example"
MESSAGE = {"messageId": "m1", "content": {"text": "hello", "type": "text", "mode": "chat"}}
EVENT = {"channel": "chat", "project_id": "p1", "event": "message.new", "data": MESSAGE}

# Each route with a request that nothing is wrong with, and what becomes of it. {id} is an open stream of u1 in p1.
ROUTES = {
    "GET stream": ("GET", "/stream?project_id=p1&channels=chat", None, 200),
    "HEAD stream": ("HEAD", "/stream?project_id=p1&channels=chat", None, 200),
    "POST stream": ("POST", "/stream?project_id=p1&channels=chat", None, 200),
    "GET history": ("GET", "/history?project_id=p1&channel=chat", None, 200),
    "GET presence": ("GET", "/presence?project_id=p1", None, 200),
    "POST presence": ("POST", "/presence?project_id=p1", {"status": "away"}, 200),
    "POST typing": ("POST", "/typing?project_id=p1", {"state": "start"}, 204),
    "POST channels": ("POST", "/stream/{id}/channels", {"add": ["jobs"]}, 200),
    "POST token": ("POST", "/stream/{id}/token", {}, 200),
    "POST publish": ("POST", "/publish", EVENT, 200),
    "POST batch": ("POST", "/publish", [EVENT, EVENT], 200),
    "GET stats": ("GET", "/stats", None, 200),
    "GET page": ("GET", "/", None, 200),
    "GET connections": ("GET", "/connections", None, 200),
    "GET debug": ("GET", "/debug/connections/u1/p1", None, 200),
    "DELETE connection": ("DELETE", "/connections/{id}", None, 204),
    "POST revoke": ("POST", "/revoke", {"user_id": "nobody"}, 200),
    "GET explain": ("GET", "/explain?user_id=u1&project_id=p1&id=1", None, 200),
    "GET healthz": ("GET", "/healthz", None, 200),
    "GET readyz": ("GET", "/readyz", None, 200),
}
OPEN = {"GET healthz", "GET readyz"}
PUBLISHING = {"POST publish", "POST batch"}
OWN_STREAM = {"POST channels", "POST token"}
OPERATORS = {
    "GET stats", "GET page", "GET connections", "GET debug", "DELETE connection", "POST revoke", "GET explain",
}
USERS = set(ROUTES) - OPEN - PUBLISHING - OWN_STREAM - OPERATORS
READING = {route for route, (method, *_) in ROUTES.items() if method in ("GET", "HEAD")}

FINE = {route: (status, None) for route, (_, _, _, status) in ROUTES.items()}


def answers(*overrides):
    """What each route answers: fine, but for the overrides, of which the last that names a route counts."""
    table = dict(FINE)
    for routes, status, code in overrides:
        table |= {route: (status, code) for route in routes - OPEN}
    return table


def unauthorized(code):
    return answers((set(ROUTES), 401, code))


# No operator, and nothing to publish.
READER = answers((OPERATORS, 403, "operators_only"), (PUBLISHING, 403, "publish_forbidden"))
WRITER = answers((OPERATORS, 403, "operators_only"))
# The answer to an array is one answer for each of its events.
REFUSED_EVENTS = {"POST batch": 200, "POST publish": 403}


@dataclass
class Credential:
    """`show(issuer, request)` puts it on a request; `expected` is what each route answers to it."""

    show: object
    expected: dict


# Of somebody whom the hub has not been told of.
OTHER_KEY, _ = key_pair()


def bearer(token):
    return lambda issuer, request: request.headers.update({"Authorization": f"Bearer {token(issuer)}"})


def cookie(**headers):
    def show(issuer, request):
        request.headers |= {"Cookie": f"theme=dark; session={issuer.token()}"}
        request.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    return show


def in_query(token):
    return lambda issuer, request: request.with_query("token", token(issuer))


def signed(change=lambda request: None, **how):
    """Signed, and then changed."""

    def show(issuer, request):
        issuer.sign(request, **how)
        change(request)

    return show


def changed_body(request):
    request.body = request.body.replace(b"{", b"{ ", 1)


def another_user(request):
    request.headers["X-Tributary-User"] = "u2"


def grants(**changes):
    """A token with claims that differ from the usual ones."""
    return bearer(lambda issuer: issuer.token(issuer.claims(**changes)))


def claims(**changes):
    """A token with registered claims that differ from the usual ones; `None` leaves one out."""

    def token(issuer):
        changed = issuer.claims() | changes
        return issuer.token({name: value for name, value in changed.items() if value is not None})

    return bearer(token)


def newcomer():
    """A user who was never there, as presence remembers those who were for a while."""
    return f"new-{secrets.token_hex(4)}"


def everything_of(issuer):
    return issuer.claims(newcomer(), admin=True, projects="*", publish={"channels": ["chat"]})


CREDENTIALS = {
    # Nothing that tells who it is.
    "none": Credential(lambda issuer, request: None, unauthorized("unauthorized")),
    "no token at all": Credential(bearer(lambda _: "not-a-token-of-anybody"), unauthorized("unauthorized")),
    "almost the admin token": Credential(
        bearer(lambda issuer: issuer.keep(issuer.admin_token[:-1] + "!")), unauthorized("unauthorized")
    ),
    "another scheme": Credential(
        lambda issuer, request: request.headers.update({"Authorization": f"Basic {issuer.admin_token}"}),
        unauthorized("unauthorized"),
    ),
    "a user that nobody signed for": Credential(
        lambda issuer, request: request.headers.update({"X-Tributary-User": "u1"}), unauthorized("unauthorized")
    ),
    # Tokens that don't hold.
    "expired": Credential(grants(lifetime=-3600), unauthorized("token_expired")),
    "expired, in the query": Credential(
        in_query(lambda issuer: issuer.token(issuer.claims(lifetime=-3600))), unauthorized("token_expired")
    ),
    "expired, in a cookie": Credential(
        lambda issuer, request: request.headers.update(
            {"Cookie": f"session={issuer.token(issuer.claims(lifetime=-3600))}", "Origin": APP}
        ),
        unauthorized("token_expired"),
    ),
    "not yet valid": Credential(claims(nbf=4_000_000_000), unauthorized("invalid_token")),
    "without an end": Credential(claims(exp=None), unauthorized("invalid_token")),
    "without a user": Credential(claims(sub=None), unauthorized("invalid_token")),
    "wrong audience": Credential(claims(aud="somebody-else"), unauthorized("invalid_token")),
    "no audience": Credential(claims(aud=None), unauthorized("invalid_token")),
    "wrong issuer": Credential(claims(iss="https://evil.example"), unauthorized("invalid_token")),
    "wrong secret": Credential(
        bearer(lambda issuer: issuer.token(key=secrets.token_urlsafe(48))), unauthorized("invalid_token")
    ),
    "wrong key": Credential(
        bearer(lambda issuer: issuer.token(key=OTHER_KEY, algorithm="RS256")), unauthorized("invalid_token")
    ),
    "unknown kid": Credential(
        bearer(lambda issuer: issuer.token(headers={"kid": "nobody's"})), unauthorized("invalid_token")
    ),
    "alg none": Credential(
        bearer(lambda issuer: issuer.forged({"alg": "none", "typ": "JWT"})), unauthorized("invalid_token")
    ),
    "alg none, signed": Credential(
        bearer(lambda issuer: issuer.forged({"alg": "none"}, hmac_key=issuer.secret.encode())),
        unauthorized("invalid_token"),
    ),
    "HS256 with the public key": Credential(
        bearer(lambda issuer: issuer.forged({"alg": "HS256", "typ": "JWT"}, hmac_key=issuer.public_key.encode())),
        unauthorized("invalid_token"),
    ),
    "RS256 with the secret": Credential(
        bearer(lambda issuer: issuer.forged({"alg": "RS256"}, hmac_key=issuer.secret.encode())),
        unauthorized("invalid_token"),
    ),
    "tampered claims": Credential(
        bearer(lambda issuer: issuer.tampered(everything_of(issuer))), unauthorized("invalid_token")
    ),
    "wrong secret, in the query": Credential(
        in_query(lambda issuer: issuer.token(key=secrets.token_urlsafe(48))), unauthorized("invalid_token")
    ),
    # Signatures that don't hold.
    "stale signature": Credential(signed(age=301), unauthorized("stale_signature")),
    "signature of the future": Credential(signed(age=-330), unauthorized("stale_signature")),
    "wrong signature secret": Credential(
        signed(secret="another-secret-of-the-same-length"), unauthorized("invalid_signature")
    ),
    "signed for another method": Credential(signed(method="PUT"), unauthorized("invalid_signature")),
    "signed for another user": Credential(signed(another_user), unauthorized("invalid_signature")),
    "tampered query": Credential(
        signed(lambda request: request.with_query("user_id", "u1")), unauthorized("invalid_signature")
    ),
    "tampered body": Credential(signed(changed_body), unauthorized("invalid_signature")),
    # Users.
    "a user": Credential(grants(), READER),
    "a user, RS256": Credential(bearer(lambda issuer: issuer.token(algorithm="RS256")), READER),
    "a user, in the query": Credential(in_query(lambda issuer: issuer.token()), READER),
    "a user that publishes": Credential(grants(publish={"channels": ["chat"]}), WRITER),
    "a user that publishes other events": Credential(
        grants(publish={"channels": ["chat"], "events": ["typing.*"]}),
        answers((OPERATORS, 403, "operators_only"))
        | {route: (status, "event_forbidden") for route, status in REFUSED_EVENTS.items()},
    ),
    "a user that publishes elsewhere": Credential(
        grants(publish={"channels": ["jobs"]}),
        answers((OPERATORS, 403, "operators_only"))
        | {route: (status, "channel_forbidden") for route, status in REFUSED_EVENTS.items()},
    ),
    "wrong project": Credential(
        grants(projects=["p2"], publish={"channels": ["chat"]}),
        answers((OPERATORS, 403, "operators_only"), (USERS | OWN_STREAM, 403, "project_forbidden"))
        | {route: (status, "project_forbidden") for route, status in REFUSED_EVENTS.items()},
    ),
    "wrong channel": Credential(
        grants(channels=["github-sync"]),
        answers(
            (OPERATORS, 403, "operators_only"),
            (PUBLISHING, 403, "publish_forbidden"),
            (USERS | OWN_STREAM, 403, "channel_forbidden"),
        ),
    ),
    "another user": Credential(
        bearer(lambda issuer: issuer.token(issuer.claims(newcomer()))),
        answers(
            (OPERATORS, 403, "operators_only"),
            (PUBLISHING, 403, "publish_forbidden"),
            (OWN_STREAM, 404, "connection_not_found"),
            ({"POST presence"}, 409, "not_present"),
        ),
    ),
    "another user that says it is this one": Credential(
        lambda issuer, request: (
            request.with_query("user_id", "u1").headers.update(
                {"Authorization": f"Bearer {issuer.token(issuer.claims('u2'))}"}
            )
        ),
        answers(
            (OPERATORS, 403, "operators_only"),
            (PUBLISHING, 403, "publish_forbidden"),
            (USERS | OWN_STREAM, 403, "user_mismatch"),
            # Whose stream it is comes first where it is to be renewed.
            ({"POST token"}, 404, "connection_not_found"),
        ),
    ),
    "a signed user": Credential(signed(), WRITER),
    # Services and operators.
    "publisher": Credential(
        bearer(lambda issuer: issuer.publisher_token),
        answers(
            (OPERATORS, 403, "operators_only"),
            (USERS, 403, "channel_forbidden"),
            (OWN_STREAM, 404, "connection_not_found"),
        ),
    ),
    "admin token": Credential(
        bearer(lambda issuer: issuer.admin_token),
        answers(({"POST presence"}, 409, "not_present"), ({"POST token"}, 400, "nothing_to_renew")),
    ),
    "admin claim": Credential(
        bearer(lambda issuer: issuer.token(everything_of(issuer))),
        answers(({"POST presence"}, 409, "not_present"), ({"POST token"}, 404, "connection_not_found")),
    ),
    # Browsers.
    "cookie of the hub's own page": Credential(cookie(Sec_Fetch_Site="same-origin"), READER),
    "cookie of an allowed page": Credential(cookie(Origin=APP), READER),
    "cookie of an allowed page, cross-site": Credential(cookie(Origin=APP, Sec_Fetch_Site="cross-site"), READER),
    "cookie of nobody's page": Credential(
        cookie(), answers((OPERATORS, 403, "operators_only"), (set(ROUTES) - READING, 403, "origin_not_allowed"))
    ),
    "cookie of a foreign page": Credential(
        cookie(Origin=EVIL), answers((set(ROUTES), 403, "origin_not_allowed"))
    ),
    "cookie of a page without an origin": Credential(
        cookie(Origin="null"), answers((set(ROUTES), 403, "origin_not_allowed"))
    ),
    "cookie, cross-site": Credential(
        cookie(Sec_Fetch_Site="cross-site"), answers((set(ROUTES), 403, "origin_not_allowed"))
    ),
    "cookie, from a neighbour": Credential(
        cookie(Origin="https://other.app.example", Sec_Fetch_Site="same-site"),
        answers((set(ROUTES), 403, "origin_not_allowed")),
    ),
    "bearer of a foreign page": Credential(
        lambda issuer, request: request.headers.update(
            {"Authorization": f"Bearer {issuer.token()}", "Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
        ),
        READER,
    ),
}


class Guarded:
    """A hub that asks everybody who they are, what was asked of it, and all that it said."""

    def __init__(self, folder):
        self.issuer = Issuer()
        self.answers = []
        self.numbers = itertools.count(1)
        keys = folder / "keys.pem"
        keys.write_text(self.issuer.public_key)
        self.hub = Hub(
            # Not loopback, where anybody may look at figures.
            "--hostname", "0.0.0.0",
            "--auth", "jwt,signature",
            "--jwt-keys", keys,
            "--jwt-audience", Issuer.AUDIENCE,
            "--jwt-issuer", Issuer.ISSUER,
            "--jwt-cookie", "session",
            "--cors-origins", f"{APP},http://localhost:3000",
            "--max-streams-per-user", "0",
            "--log-level", "trace",
            environment={
                "TRIBUTARY_JWT_SECRET": self.issuer.secret,
                "TRIBUTARY_SIGNATURE_SECRET": self.issuer.signature_secret,
                "TRIBUTARY_ADMIN_TOKEN": self.issuer.admin_token,
                "TRIBUTARY_PUBLISHER_TOKEN": self.issuer.publisher_token,
            },
        )

    def open_stream(self):
        return self.hub.stream(
            project_id="p1", headers={"Authorization": f"Bearer {self.issuer.token()}"}
        )

    def request(self, route, stream):
        method, target, body, _ = ROUTES[route]
        request = Request(method, target.format(id=stream.greeting.json["connection_id"]))
        # No two are alike, so that none is taken for a replay of another.
        request.with_query("n", next(self.numbers))
        if body is not None:
            request.body = json.dumps(body).encode()
        return request

    def send(self, request):
        """Status, fields and the error's code of the answer; of an array's first event if it is one."""
        connection = http.client.HTTPConnection(*self.hub.address, timeout=10)
        try:
            connection.request(request.method, request.target, request.body or None, request.headers)
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            is_stream = answer.status == 200 and fields.get("content-type", "").startswith("text/event-stream")
            body = answer.readline() if is_stream and request.method == "GET" else answer.read()
        finally:
            connection.close()
        self.answers += [body, repr(fields).encode()]
        told = json.loads(body) if body.startswith((b"{", b"[")) else {}
        first = told[0] if isinstance(told, list) else told
        return answer.status, fields, first.get("error")

    def ask(self, route, credential):
        with self.open_stream() as stream:
            request = self.request(route, stream)
            credential.show(self.issuer, request)
            return self.send(request)

    def check_secrets(self):
        log = self.hub.said
        assert "listening" in log
        said = b"\n".join(self.answers)
        for secret in self.issuer.used:
            # Of a token its parts alone, too, but for its header, which is like any other's.
            for part in {secret, *secret.split(".")[1:]} - {""}:
                assert part not in log, "a secret is in the log"
                assert part.encode() not in said, "a secret is in an answer"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    guarded = Guarded(tmp_path_factory.mktemp("keys"))
    yield guarded
    guarded.hub.stop()


def makes_sense(route, name):
    """There has to be a body to tamper with; and what is open to everybody is open to more than two of them."""
    has_body = ROUTES[route][2] is not None
    return (has_body or name != "tampered body") and (route not in OPEN or name in ("none", "expired"))


CASES = [(route, name) for name in CREDENTIALS for route in ROUTES if makes_sense(route, name)]


def check(route, name, answer):
    status, fields, code = answer
    expected, reason = CREDENTIALS[name].expected[route]
    told = reason if ROUTES[route][0] != "HEAD" else None
    assert (status, code) == (expected, told), (route, name)
    if status == 401:
        assert fields["www-authenticate"].startswith(("Bearer", "Signature")), fields
    assert fields["vary"] == "Origin" and fields["x-content-type-options"] == "nosniff", fields


@pytest.mark.parametrize(("route", "name"), CASES, ids=lambda value: value.replace("/", "-"))
def test_each_has_one_right_answer(guarded, route, name):
    check(route, name, guarded.ask(route, CREDENTIALS[name]))


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in OPEN])
def test_a_signed_request_counts_once_unless_it_only_reads(guarded, route):
    with guarded.open_stream() as stream:
        request = guarded.issuer.sign(guarded.request(route, stream))
        first, again = guarded.send(request), guarded.send(request)
    check(route, "a signed user", first)
    if route in READING:
        check(route, "a signed user", again)
    else:
        assert (again[0], again[2]) == (401, "replayed_signature")


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000", EVIL, "null", f"{APP}.evil.example"])
@pytest.mark.parametrize("path", sorted({target.partition("?")[0] for _, target, _, _ in ROUTES.values()}))
def test_a_preflight_needs_no_credential_but_an_allowed_origin(guarded, path, origin):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    status, fields, code = guarded.send(Request("OPTIONS", path.format(id="x"), headers=headers))
    if origin in (APP, "http://localhost:3000"):
        assert status == 204 and fields["access-control-allow-origin"] == origin
        assert "Authorization" in fields["access-control-allow-headers"]
    else:
        assert (status, code) == (403, "origin_not_allowed") and "access-control-allow-origin" not in fields
    assert fields["vary"] == "Origin"


@pytest.mark.parametrize(
    ("name", "method", "target", "body", "answer"),
    [
        # What is wrong with a request is told to those who may make it.
        ("none", "GET", "/stream?channels=nope", None, (401, "unauthorized")),
        ("none", "POST", "/publish", "{", (401, "unauthorized")),
        ("none", "GET", "/stream/", None, (401, "unauthorized")),
        ("none", "GET", "//stream", None, (401, "unauthorized")),
        ("none", "GET", "/nothing", None, (404, "not_found")),
        ("none", "PUT", "/stream", None, (405, "method_not_allowed")),
        ("a user", "GET", "/stream?project_id=p1&channels=nope", None, (400, "unknown_channel")),
        # Nothing is said of projects and streams that are not the asker's.
        ("a user", "GET", "/stream?channels=chat", None, (403, "project_forbidden")),
        ("a user", "GET", "/presence?project_id=p2", None, (403, "project_forbidden")),
        ("a user", "POST", "/typing", '{"state":"start","project_id":"p2"}', (403, "project_forbidden")),
        ("a user", "POST", f"/stream/{'0' * 32}/channels", '{"add":["jobs"]}', (404, "connection_not_found")),
        ("a user", "POST", f"/stream/{'0' * 32}/token", "{}", (404, "connection_not_found")),
        ("a user", "POST", "/typing", '{"state":"start","project_id":"p1","user_id":"u2"}', (403, "user_mismatch")),
        ("a user", "GET", "/history?project_id=p1&user_id=u2", None, (403, "user_mismatch")),
        ("admin token", "DELETE", f"/connections/{'0' * 32}", None, (404, "connection_not_found")),
        # Publishing for somebody else, or about a project that is not one's own.
        (
            "a user that publishes", "POST", "/publish", json.dumps(EVENT | {"project_id": "p2"}),
            (403, "project_forbidden"),
        ),
        (
            "a user that publishes", "POST", "/publish", json.dumps(EVENT | {"data": MESSAGE | {"userId": "u2"}}),
            (403, "user_mismatch"),
        ),
        (
            "a user that publishes", "POST", "/publish", json.dumps(EVENT | {"data": MESSAGE | {"userId": "u1"}}),
            (200, None),
        ),
        ("publisher", "POST", "/publish", json.dumps(EVENT | {"data": MESSAGE | {"userId": "u2"}}), (200, None)),
    ],
)
def test_what_is_asked_for_matters(guarded, name, method, target, body, answer):
    request = Request(method, target, (body or "").encode())
    CREDENTIALS[name].show(guarded.issuer, request)
    status, _, code = guarded.send(request)
    assert (status, code) == answer


def test_a_request_that_shows_two_credentials_of_a_kind_shows_none(guarded):
    issuer = guarded.issuer
    one, other = issuer.token(), issuer.token(issuer.claims("u2"))
    assert status_with_lines(guarded, ("Authorization", f"Bearer {one}")) == 200
    assert status_with_lines(guarded, ("Authorization", f"Bearer {one}"), ("Authorization", f"Bearer {other}")) == 401
    assert status_with_lines(guarded, ("Cookie", f"session={one}")) == 200
    assert status_with_lines(guarded, ("Cookie", f"session={one}; session={other}")) == 401
    assert status_with_lines(guarded, query=f"&token={one}") == 200
    assert status_with_lines(guarded, query=f"&token={one}&token={other}") == 400


def status_with_lines(guarded, *lines, query=""):
    """Of `HEAD /stream` with just these header lines, which a library would put together."""
    connection = http.client.HTTPConnection(*guarded.hub.address, timeout=10)
    try:
        connection.putrequest("HEAD", f"/stream?project_id=p1&channels=chat{query}")
        for name, value in lines:
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def test_no_answer_and_no_line_of_the_log_holds_a_secret(guarded):
    """Asks everything once more, so that it can stand alone."""
    for route, name in CASES:
        guarded.ask(route, CREDENTIALS[name])
    guarded.hub.stop()
    guarded.check_secrets()
