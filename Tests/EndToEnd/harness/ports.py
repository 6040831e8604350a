"""Ports that are free at the moment of asking."""

import socket

_given = set()


def free_port(host="127.0.0.1"):
    """A port that nothing listens on and that was not given away before in this run."""
    while True:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port
