"""A TCP proxy that can be cut, and that remembers what clients said first."""

import select
import socket
import threading


class Proxy:
    """Forwards connections to `target`; with no target it takes each connection and closes it at once."""

    def __init__(self, target=None, port=0, rewrite=None):
        self.target = target
        # Makes, for each connection, what turns the bytes that the server sends into those that the client gets.
        self.rewrite = rewrite
        self.heads = []
        self.accepted = 0
        self.closing = False
        self._pairs = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.address = self._listener.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self.target is None:
                client.close()
                continue
            try:
                server = socket.create_connection(self.target, 5)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs.add((client, server))
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()

    def _forward(self, client, server):
        first = True
        rewrite = self.rewrite() if self.rewrite else None
        try:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    if ready is client and first:
                        self.heads.append(data)
                        first = False
                    if ready is server and rewrite:
                        data = rewrite(data)
                    (server if ready is client else client).sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._pairs.discard((client, server))
            client.close()
            server.close()

    def cut(self):
        """Ends all connections, as a network would; new ones are taken."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def stop(self):
        self.closing = True
        # A blocked accept() holds the port open until it is woken.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.cut()
