"""An HTTP/2 connection by hand: what no client library lets a test do, such as to stop reading one stream of several."""

import socket
import time

import h2.config
import h2.connection
import h2.errors
import h2.events

from .events import parse

WINDOW = 65_535


class Exchange:
    """What came back on one stream."""

    def __init__(self, id):
        self.id = id
        self.headers, self.body = {}, bytearray()
        self._frames, self._parsed = [], 0
        self.ended, self.reset = False, None
        self.reads = True
        self.unacknowledged = 0

    @property
    def frames(self):
        """The complete frames of an event stream."""
        while (end := self.body.find(b"\n\n", self._parsed)) >= 0:
            self._frames.append(parse(bytes(self.body[self._parsed : end + 2])))
            self._parsed = end + 2
        return self._frames

    def events(self, name=None):
        return [frame for frame in self.frames if frame.event is not None and name in (None, frame.event)]


class Connection:
    """Synchronous: it reads while it waits for something."""

    def __init__(self, address, certificate, seconds=10.0):
        raw = socket.create_connection(address, seconds)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = certificate.context("h2").wrap_socket(raw, server_hostname="localhost")
        assert self.socket.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        # The library takes GOAWAY for the end; streams that are open go on: https://www.rfc-editor.org/rfc/rfc9113#section-6.8
        open, goaway = h2.connection.ConnectionState.CLIENT_OPEN, h2.connection.ConnectionInputs.RECV_GOAWAY
        self.h2.state_machine._transitions = self.h2.state_machine._transitions | {(open, goaway): (None, open)}
        self.h2.initiate_connection()
        self.exchanges, self.goaways, self.closed = {}, [], False
        self._send()

    def request(self, path, method="GET", *, body=None, headers=(), reads=True):
        exchange = Exchange(self.h2.get_next_available_stream_id())
        exchange.reads = reads
        self.exchanges[exchange.id] = exchange
        head = [(":method", method), (":path", path), (":scheme", "https"), (":authority", "localhost"), *headers]
        self.h2.send_headers(exchange.id, head, end_stream=body is None)
        if body is not None:
            self.h2.send_data(exchange.id, body, end_stream=True)
        self._send()
        return exchange

    def stream(self, query, reads=True):
        """An event stream, with its first event."""
        exchange = self.request("/stream?" + query, reads=reads)
        self.until(lambda: exchange.events("connected"), what="connected")
        return exchange

    def reset(self, exchange):
        self.h2.reset_stream(exchange.id, h2.errors.ErrorCodes.CANCEL)
        self._send()

    def read(self, exchange):
        """Takes what one stream was not given room for, and what comes."""
        exchange.reads = True
        if exchange.unacknowledged:
            self.h2.increment_flow_control_window(exchange.unacknowledged, exchange.id)
            exchange.unacknowledged = 0
        self._send()

    def until(self, condition, seconds=10.0, what=None):
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            left = deadline - time.monotonic()
            assert left > 0 and not self.closed, f"not within {seconds} s, or the connection ended: {what or condition}"
            self._receive(left)
        return value

    def until_closed(self, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not self.closed:
            left = deadline - time.monotonic()
            assert left > 0, f"open after {seconds} s"
            self._receive(left)

    def _receive(self, seconds):
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            return
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return
        for event in self.h2.receive_data(data):
            self._handle(event)
        self._send()

    def _handle(self, event):
        exchange = self.exchanges.get(getattr(event, "stream_id", None))
        match event:
            case h2.events.ResponseReceived():
                exchange.headers = dict(event.headers)
            case h2.events.DataReceived():
                exchange.body += event.data
                size = event.flow_controlled_length
                if size:
                    # The connection's window is always open; a stream's only where it is read.
                    self.h2.increment_flow_control_window(size)
                    if exchange.reads and not event.stream_ended:
                        self.h2.increment_flow_control_window(size, exchange.id)
                    else:
                        exchange.unacknowledged += size
            case h2.events.StreamEnded():
                exchange.ended = True
            case h2.events.StreamReset():
                exchange.reset = event.error_code
            case h2.events.ConnectionTerminated():
                self.goaways.append((event.last_stream_id, event.error_code))

    def _send(self):
        data = self.h2.data_to_send()
        try:
            if data:
                self.socket.settimeout(10)
                self.socket.sendall(data)
        except OSError:
            self.closed = True

    def close(self):
        self.socket.close()

    stop = close
