"""What a request shows of itself: genuine tokens and signatures, and forged ones. Keeps each secret that it used."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass
class Request:
    method: str
    target: str
    body: bytes = b""
    headers: dict = field(default_factory=dict)

    def with_query(self, name, value):
        self.target += ("&" if "?" in self.target else "?") + f"{name}={value}"
        return self


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_pair():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return key, public.decode()


class Issuer:
    """Stands for the web team's side: has every secret that the hub was given."""

    AUDIENCE, ISSUER = "tributary-tests", "https://issuer.example"

    def __init__(self):
        self.secret, self.signature_secret = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
        self.admin_token, self.publisher_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.key, self.public_key = key_pair()
        # Whatever must not be seen anywhere.
        self.used = {self.secret, self.signature_secret, self.admin_token, self.publisher_token}

    def keep(self, text):
        self.used.add(text)
        return text

    # JSON Web Tokens

    def claims(self, sub="u1", *, lifetime=600, **grants):
        now = int(time.time())
        claims = {"sub": sub, "aud": self.AUDIENCE, "iss": self.ISSUER, "iat": now, "exp": now + lifetime}
        return claims | {"tributary": {"projects": ["p1"]} | grants}

    def token(self, claims=None, *, key=None, algorithm="HS256", headers=None):
        """A genuine token, unless `key` is somebody else's."""
        key = key or (self.key if algorithm == "RS256" else self.secret)
        return self.keep(jwt.encode(claims or self.claims(), key, algorithm, headers=headers))

    def forged(self, header, claims=None, *, hmac_key=None):
        """What no library would make: the header says one thing, the signature is another or none."""
        parts = [encoded(json.dumps(part).encode()) for part in (header, claims or self.claims())]
        signed = ".".join(parts)
        signature = hmac.digest(hmac_key, signed.encode(), "sha256") if hmac_key else b""
        return self.keep(f"{signed}.{encoded(signature)}")

    def tampered(self, claims):
        """The signature of one token under the claims of another."""
        head, _, signature = self.token().split(".")
        return self.keep(f"{head}.{encoded(json.dumps(claims).encode())}.{signature}")

    # Signatures of a trusted proxy

    def sign(self, request, user="u1", *, secret=None, age=0, method=None):
        """Signs the request as it stands; what is changed afterwards is tampered with."""
        timestamp = str(int(time.time()) - age)
        parts = [timestamp, method or request.method, request.target, user, hashlib.sha256(request.body).hexdigest()]
        key = (secret or self.signature_secret).encode()
        request.headers |= {
            "X-Tributary-Timestamp": timestamp,
            "X-Tributary-User": user,
            "X-Tributary-Signature": self.keep(hmac.new(key, "\n".join(parts).encode(), "sha256").hexdigest()),
        }
        return request
