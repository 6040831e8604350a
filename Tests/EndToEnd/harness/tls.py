"""A certificate that signed itself, and a hub that shows it."""

import ssl
import subprocess

import httpx


class Certificate:
    def __init__(self, directory):
        self.path, self.key = directory / "cert.pem", directory / "key.pem"
        self.make()

    def make(self):
        """A new one in place of the one that is there."""
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            + ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
            + ["-keyout", self.key, "-out", self.path],
            check=True,
            capture_output=True,
        )

    @property
    def arguments(self):
        return "--tls-cert", self.path, "--tls-key", self.key

    def context(self, *protocols):
        context = ssl.create_default_context(cafile=self.path)
        if protocols:
            context.set_alpn_protocols(protocols)
        return context

    def client(self, **options):
        return httpx.Client(verify=self.context(), timeout=10, **options)


def shown(address):
    """The certificate that a new connection is shown, PEM."""
    return ssl.get_server_certificate(address)
