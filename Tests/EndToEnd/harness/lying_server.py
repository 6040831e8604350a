"""A server of event streams that can lie: it loses, repeats and swaps events, on purpose and by count.

`python -m harness.lying_server PORT_FILE LIE` serves `GET /stream` and takes `POST /publish`, whose body it sends to all
streams as one event. LIE is `none`, or what is done to every tenth event of each stream: `lose`, `repeat`, `swap` (it comes after
the next one) or `end` (the first such event ends the stream).
"""

import asyncio
import sys

PERIOD = 10


class Server:
    def __init__(self, lie, chunked):
        self.lie, self.chunked = lie, chunked
        self.streams = []

    async def connected(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET"):
                    self.open(writer)
                    await reader.read()
                    return
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                self.publish(await reader.readexactly(length))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.streams = [stream for stream in self.streams if stream[0] is not writer]
            writer.close()

    def open(self, writer):
        extra = b"Transfer-Encoding: chunked\r\n" if self.chunked else b"Connection: close\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + extra + b"\r\n")
        self.streams.append([writer, 0, None])

    def publish(self, body):
        for stream in list(self.streams):
            self.send(stream, b"data: " + body + b"\n\n")

    def send(self, stream, event):
        writer, number, kept = stream
        stream[1] += 1
        # The first few are left alone: a bench may begin to count with what it sees first.
        lies = self.lie != "none" and number >= PERIOD and number % PERIOD == 0
        if lies and self.lie == "lose":
            return
        if lies and self.lie == "end":
            writer.close()
            self.streams.remove(stream)
            return
        if lies and self.lie == "swap":
            stream[2] = event
            return
        events = [event, event] if lies and self.lie == "repeat" else [event]
        if kept is not None:
            events.append(kept)
            stream[2] = None
        for each in events:
            writer.write(b"%x\r\n%s\r\n" % (len(each), each) if self.chunked else each)


async def main(port_file, lie, chunked):
    server = await asyncio.start_server(Server(lie, chunked).connected, "127.0.0.1", 0, backlog=1024)
    with open(port_file, "w") as file:
        file.write(f"{server.sockets[0].getsockname()[1]}\n")
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] == "chunked"))
