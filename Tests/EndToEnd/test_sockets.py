"""What the kernel has been told of a connection: slow readers, small frames and peers that vanish depend on it."""

import ctypes
import errno
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
            if copy < 0:
                # It has been closed since.
                assert ctypes.get_errno() == errno.EBADF, os.strerror(ctypes.get_errno())
                continue
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
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 28
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 7
        assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > 0


def test_a_stream_has_one_socket_and_gives_it_back(start_hub):
    hub = start_hub()
    address = urlsplit(hub.url)

    def count():
        connections = 0
        for each in sockets_of(hub.pid):
            with each:
                try:
                    connections += each.getpeername() and each.getsockname()[1] == address.port
                except OSError:
                    pass
        return connections

    until(lambda: count() == 0, 10)
    streams = [socket.create_connection((address.hostname, address.port)) for _ in range(50)]
    for stream in streams:
        stream.sendall(b"GET /stream?channels=chat HTTP/1.1\r\nHost: h\r\n\r\n")
        assert stream.recv(12) == b"HTTP/1.1 200"
    until(lambda: count() == 50, 10)
    for stream in streams[:25]:
        stream.close()
    # The rest without a word.
    for stream in streams[25:]:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        stream.close()
    until(lambda: count() == 0, 10)
