"""Where the test's pages come from: loopback, an origin of its own. The client comes from the hub, as everywhere."""

import mimetypes
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

PAGES = Path(__file__).resolve().parents[1] / "pages"
CLIENT = Path(__file__).resolve().parents[3] / "Sources/TributaryServer/BrowserClient"
# Debian's packages node-react and node-react-dom.
REACT = Path("/usr/share/nodejs")

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")


class Site:
    def __init__(self):
        # What else there is, by its path: text.
        self.extra = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                path = urlsplit(self.path).path
                found = site.find(path)
                self.send_response(200 if found is not None else 404)
                found = found or b""
                self.send_header("Content-Type", mimetypes.guess_type(path)[0] or "text/html")
                self.send_header("Content-Length", str(len(found)))
                self.send_header("Cache-Control", "no-cache")
                self.end_headers()
                self.wfile.write(found)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def find(self, path):
        if path in self.extra:
            return self.extra[path].encode()
        for prefix, folder in (("/client/", CLIENT), ("/react/", REACT), ("/source/", CLIENT / "source"), ("/", PAGES)):
            file = folder / path.removeprefix(prefix)
            if path.startswith(prefix) and file.is_file() and file.resolve().is_relative_to(folder.resolve()):
                return file.read_bytes()
        return None

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
