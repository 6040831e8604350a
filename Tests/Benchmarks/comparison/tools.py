"""What the comparison needs, installed and built where it is missing."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PEERS = ROOT / "Tests/Benchmarks/peers"
VENV = ROOT / "Tests/Benchmarks/.venv"
BUILT = ROOT / ".build/comparison"

# Debian's packages, each with what shows that it is there.
PACKAGES = {
    "nginx-light": "/usr/sbin/nginx",
    "libnginx-mod-nchan": "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "pushpin": "/usr/bin/pushpin",
    "nodejs": "node",
    "node-redis": "/usr/share/nodejs/redis",
    "redis-server": "redis-server",
    "util-linux": "taskset",
    "gcc": "cc",
    "python3-venv": None,
}


def _is_there(package, proof):
    if proof is None:
        return subprocess.run(["python3", "-c", "import ensurepip, venv"], capture_output=True).returncode == 0
    return Path(proof).exists() if proof.startswith("/") else shutil.which(proof) is not None


def install_packages():
    """Installs what is missing; RUNLEVEL=1 keeps the packages from starting their servers."""
    missing = [package for package, proof in PACKAGES.items() if not _is_there(package, proof)]
    if not missing:
        return
    print("installing", *missing, flush=True)
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "check": True}
    subprocess.run([*root, "apt-get", "update", "-q"], **quiet)
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    subprocess.run([*root, *environment, *command], **quiet)


def python():
    """The interpreter of a virtual environment that has what `peers/requirements.txt` says."""
    requirements = PEERS / "requirements.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    mark = VENV / ".installed"
    if not mark.exists() or mark.read_text() != wanted:
        install_packages()
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run(["python3", "-m", "venv", VENV], check=True)
        pip = [VENV / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", requirements], check=True)
        mark.write_text(wanted)
    return str(VENV / "bin/python")


def minimal():
    """The minimal hub in C, compiled if its source is newer."""
    source, program = PEERS / "minimal.c", BUILT / "minimal"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILT.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    return program


def tributary():
    """The release build, or what TRIBUTARY_BIN names."""
    if program := os.environ.get("TRIBUTARY_BIN"):
        return Path(program)
    build = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "tributary"]
    subprocess.run(build, cwd=ROOT, check=True)
    return ROOT / ".build/release/tributary"


def versions():
    """The versions of what is compared."""

    def first_line(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout or done.stderr).strip().partition("\n")[0]

    def package(name):
        return first_line("dpkg-query", "-W", "-f", "${Version}", name)

    pinned = dict(
        line.split("==") for line in (PEERS / "requirements.txt").read_text().splitlines() if "==" in line
    )
    return {
        "nginx": package("nginx"),
        "nchan": package("libnginx-mod-nchan"),
        "pushpin": package("pushpin"),
        "node": first_line("node", "--version").removeprefix("v"),
        "node-redis": package("node-redis"),
        "starlette": pinned["starlette"],
        "sse-starlette": pinned["sse-starlette"],
        "uvicorn": pinned["uvicorn"],
        "python": first_line(str(VENV / "bin/python"), "--version").removeprefix("Python "),
        "redis": first_line("redis-server", "--version").partition("v=")[2].partition(" ")[0],
        "cc": first_line("cc", "-dumpfullversion"),
    }
