"""A real PostgreSQL server for tests."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from waiting import PATIENCE


def binaries():
    """The folder with the programs of a PostgreSQL server."""
    places = [Path(place).parent for place in [shutil.which("initdb")] if place]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    return pytest.skip("needs a PostgreSQL server: no initdb and pg_ctl in PATH or /usr/lib/postgresql/*/bin")


def unprivileged():
    """Arguments of ``subprocess`` that make a program run as somebody else: the server refuses to run as root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return pytest.skip("a PostgreSQL server does not run as root, and there is no user postgres or nobody")


class Server(str):
    """A server's address; ``control("stop")`` and ``control("start")`` do what they say."""

    def __new__(cls, url, control):
        server = super().__new__(cls, url)
        server.control = control
        return server


@contextmanager
def running_server():
    """A server of its own on a free port of loopback; without PostgreSQL the test is skipped."""
    place, who = binaries(), unprivileged()
    # Not pytest's own folder, which nobody else may enter.
    folder = Path(tempfile.mkdtemp(prefix="archrank-postgres-"))
    if who:
        os.chown(folder, who["user"], who["group"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*words):
        environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C"}
        subprocess.run(
            words, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL, timeout=PATIENCE, **who
        )

    data = folder / "data"
    run(place / "initdb", "-D", data, "-A", "trust", "-U", "archrank", "-E", "UTF8", "--no-sync")
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
    how = {"start": ("-l", folder / "log", "-o", options), "stop": ("-m", "immediate")}

    def control(what):
        run(place / "pg_ctl", "-D", data, *how[what], "-w", what)

    control("start")
    url = f"postgresql+psycopg://archrank@127.0.0.1:{port}/postgres"
    try:
        yield Server(url, control)
    finally:
        control("stop")
        shutil.rmtree(folder)
