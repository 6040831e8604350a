"""What a trusted proxy does: it knows who the user is, and signs the request that it passes on."""

import hashlib
import hmac
import json
import time

import httpx

from .hub import Hub
from .stream import Stream

SECRET = "a-secret-that-hub-and-proxy-share"
PUBLISHER = "a-publishing-service-s-token"


def signature(method, target, user, body=b"", at=None, secret=SECRET):
    """The header fields of a signed request."""
    at = int(time.time()) if at is None else at
    message = "\n".join([str(at), method, target, user, hashlib.sha256(body).hexdigest()])
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return {"X-Tributary-Signature": digest, "X-Tributary-Timestamp": str(at), "X-Tributary-User": user}


class Proxied:
    """A hub behind a proxy that signs."""

    def __init__(self, hub):
        self.hub = hub

    def send(self, method, target, user, body=None, headers=None, **options):
        """Sends a request for a user; `headers` in place of its signature."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = signature(method, target, user, content, **options) if headers is None else headers
        # As it is signed, so it is sent: a proxy does not encode anew.
        return httpx.request(method, self.hub.url + target, content=content, headers=headers, timeout=10)

    def stream(self, target, user):
        stream = Stream(self.hub.address, target, headers=signature("GET", target, user))
        assert stream.status == 200, (stream.status, stream.body())
        stream.greeting = stream.connected()
        return stream


def proxied_hub(start_hub, *arguments, **options) -> Proxied:
    environment = {"TRIBUTARY_SIGNATURE_SECRET": SECRET, "TRIBUTARY_PUBLISHER_TOKEN": PUBLISHER}
    return Proxied(start_hub("--auth", "signature", *arguments, environment=environment, **options))
