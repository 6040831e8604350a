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


def own_address():
    """An address of this machine that is not loopback; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: the kernel only chooses the address that it would send from.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address
