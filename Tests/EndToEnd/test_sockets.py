"""What the kernel has been told of a connection: slow readers, small frames and peers that vanish depend on it."""

import ctypes
import os
import socket
from urllib.parse import urlsplit

from harness.waiting import until

# https://man7.org/linux/man-pages/man2/pidfd_getfd.2.html, and TCP_NOTSENT_LOWAT, which Python 3.11 does not name.
PIDFD_GETFD, TCP_NOTSENT_LOWAT = 438, 25


def sockets_of(pid):
    """Copies of a process' connections."""
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            copy = libc.syscall(PIDFD_GETFD, process, int(name), 0)
            assert copy >= 0, os.strerror(ctypes.get_errno())
            try:
                yield socket.socket(fileno=copy)
            except OSError:
                os.close(copy)
    finally:
        os.close(process)


def end_of(client, pid):
    """The process' end of a client's connection; `None` before it has accepted it."""
    found = None
    for each in sockets_of(pid):
        try:
            is_it = each.family == client.family and each.getpeername() == client.getsockname()
        except OSError:
            is_it = False
        if is_it:
            found = each
        else:
            each.close()
    return found


def test_a_connection_has_its_options(start_hub):
    hub = start_hub()
    address = urlsplit(hub.url)
    with (
        socket.create_connection((address.hostname, address.port)) as client,
        until(lambda: end_of(client, hub.pid), 10) as end,
    ):
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert end.getsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT) == 16 << 10
        assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 20
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 7
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > 0
