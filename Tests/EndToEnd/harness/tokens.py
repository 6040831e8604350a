"""JSON Web Tokens made without any library of tokens: with HMAC, or with a key that `openssl` made."""

import base64
import hashlib
import hmac
import json
import subprocess
import time

SECRET = "an-end-to-end-secret-of-43-characters-length"


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_part(header, claims):
    return ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))


def claims(user="u1", *, seconds=3600, projects=("default",), **more):
    grants = {name: more.pop(name) for name in ("channels", "publish", "admin") if name in more}
    return {"sub": user, "exp": int(time.time()) + seconds, "tributary": {"projects": projects, **grants}, **more}


def token(user="u1", *, secret=SECRET, header=None, **options):
    """Signed with HS256, whatever the header says."""
    part = signed_part(header or {"alg": "HS256", "typ": "JWT"}, claims(user, **options))
    return f"{part}.{encoded(hmac.new(secret.encode(), part.encode(), hashlib.sha256).digest())}"


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


class RSAKey:
    """A key of 2,048 bits in files below `folder`."""

    def __init__(self, folder, name="rsa"):
        self.private, self.public = folder / f"{name}.pem", folder / f"{name}.pub"
        self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.private)
        self.openssl("pkey", "-in", self.private, "-pubout", "-out", self.public)

    def token(self, user="u1", *, kid=None, **options):
        header = {"alg": "RS256"} | ({"kid": kid} if kid else {})
        part = signed_part(header, claims(user, **options))
        signature = self.openssl("dgst", "-sha256", "-sign", self.private, given=part.encode())
        return f"{part}.{encoded(signature)}"

    def published(self, kid):
        """The key as a member of a JSON Web Key Set."""
        text = self.openssl("rsa", "-pubin", "-in", self.public, "-modulus", "-noout").decode()
        modulus = bytes.fromhex(text.strip().removeprefix("Modulus="))
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": encoded(modulus), "e": "AQAB"}

    @staticmethod
    def openssl(*arguments, given=None):
        command = ["openssl", *map(str, arguments)]
        return subprocess.run(command, input=given, check=True, capture_output=True).stdout
