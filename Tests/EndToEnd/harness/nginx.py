"""Debian's nginx with the configuration that the repository recommends, on a free port before a hub."""

import os
import shutil
import socket
from pathlib import Path

from .ports import free_port
from .processes import Process
from .waiting import until

RECOMMENDED = Path(__file__).resolve().parents[1] / "nginx.conf"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Nginx(Process):
    """With an application, all but streams is the application's: page and stream have one origin."""

    def __init__(self, directory, hub_port, application_port=None):
        self.address = ("127.0.0.1", free_port())
        self.url = f"http://127.0.0.1:{self.address[1]}"
        text = RECOMMENDED.read_text()
        for name, value in (
            ("@LISTEN@", f"127.0.0.1:{self.address[1]}"),
            ("@HUB@", f"127.0.0.1:{hub_port}"),
            ("@DIRECTORY@", str(directory)),
        ):
            assert name in text, f"{RECOMMENDED.name} has no {name}"
            text = text.replace(name, value)
        if application_port is not None:
            here, there = "location / {\n            proxy_pass http://", f"127.0.0.1:{application_port}"
            assert here + "tributary" in text
            text = text.replace(here + "tributary", here + there)
        (directory / "nginx.conf").write_text(text)
        # As root, its workers would be somebody else, who may not enter the directory.
        user = ["-g", "user root;"] if os.getuid() == 0 else []
        nginx = shutil.which("nginx", path=PATH)
        super().__init__([nginx, "-p", directory, "-c", directory / "nginx.conf", "-e", "stderr", *user])
        until(self._answers, what="nginx listens")

    def _answers(self):
        assert self.is_running, self.said
        try:
            socket.create_connection(self.address, 1).close()
            return True
        except OSError:
            return False
