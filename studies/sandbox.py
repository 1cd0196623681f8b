"""A process in which other people's code runs: without a network, unable to write files, with limits, killable.

The process lives in namespaces of its own (users, network, mounts, processes), which Linux gives without privileges
where they are allowed; where they are not, it refuses to start. Requests and answers are lines of JSON. What comes back
is data: it is never unpickled, and the caller must check it.
"""

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ISOLATED = (
    "unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
)  # fmt: skip
START = "import json, sys; sys.path[:0] = json.loads(sys.argv[1]); import {0}; {0}.serve(*json.loads(sys.argv[2]))"
LONGEST = 4 << 20
"""The longest answer that is read, in bytes."""


class NoSandboxError(Exception):
    """The system gives no namespaces; the message says what it said."""


class Sandbox:
    """A reused process that answers requests.

    Args:
        module: The name of the module beside this file whose ``serve(*arguments)`` reads requests and answers them.
        arguments: Its arguments.
        patience: After so many seconds without an answer, the process is killed and the next request starts a new one.

    Raises:
        NoSandboxError: The system gives no namespaces.
    """

    def __init__(self, module, arguments=(), patience=600.0):
        self.patience = patience
        self._process = None
        self._folder = tempfile.TemporaryDirectory()
        paths = [str(Path(__file__).parent), *filter(None, sys.path)]
        self._command = [
            *ISOLATED, sys.executable, "-I", "-c", START.format(module), json.dumps(paths), json.dumps(arguments),
        ]  # fmt: skip
        refused = why_not()
        if refused:
            raise NoSandboxError(refused)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()
        self._folder.cleanup()

    def ask(self, request):
        """Send a request and wait for its answer: a mapping, or None where the process ended or gave none in time."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._folder.name,
                env={"PATH": os.defpath, "HOME": "/nonexistent", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            answer = json.loads(self._line())
        except (OSError, ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            self.stop()
            return None
        return answer

    def _line(self):
        """The next line of the process; shorter where it ended or was too slow."""
        found, end, out = b"", time.monotonic() + self.patience, self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            while not found.endswith(b"\n") and len(found) < LONGEST:
                if not selector.select(max(0.0, end - time.monotonic())):
                    return b""
                part = os.read(out, 1 << 16)
                if not part:
                    return b""
                found += part
        return found

    def stop(self):
        """Kill the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None


def why_not():
    """Why there can be no sandbox here; empty where there can."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return (
            "other people's code runs only in namespaces of Linux, by the command unshare, which is not here"
        )
    done = subprocess.run([*ISOLATED, "true"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    said = done.stderr.strip() or f"unshare ended with {done.returncode}"
    return f"other people's code runs only in namespaces of its own, which this system refuses: {said}"
